import type { VNode } from 'preact';
import type { Category } from '../../market/article';

const LINE = { fill: 'none', stroke: 'currentColor', 'stroke-width': '2.5' };
const ROUND = { ...LINE, 'stroke-linejoin': 'round' } as const;

const DRAWINGS: Record<Category, VNode> = {
  dvd: (
    <>
      <circle cx="16" cy="20" r="13" {...LINE} />
      <circle cx="16" cy="20" r="4" {...LINE} />
      <path d="M8.5 20a7.5 7.5 0 0 1 7.5-7.5" {...LINE} stroke-linecap="round" />
    </>
  ),
  book: (
    <>
      <path d="M5 7a4 4 0 0 1 4-4h18v29H9a4 4 0 0 0-4 4z" {...ROUND} />
      <path d="M5 36a3 3 0 0 0 3 2h19v-6M11 11h10M11 17h7" {...ROUND} stroke-linecap="round" />
    </>
  ),
  other: <path d="M4 13 16 7l12 6v15l-12 6-12-6zM4 13l12 6 12-6M16 19v15M10 10l12 6" {...ROUND} />,
};

/** The picture of a category; the text beside it says the same. */
export function Picture({ category }: { category: Category }): VNode {
  return (
    <div class={`article-picture ${category}`} aria-hidden="true">
      <svg viewBox="0 0 32 40" aria-hidden="true" focusable="false">
        {DRAWINGS[category]}
      </svg>
    </div>
  );
}
