import type { VNode } from 'preact';
import type { Page } from '../../market/article';
import type { PageContext } from '../page_context';

type PagesProps = {
  page: PageContext;
  list: Page;
  /** The address of the page at a cursor. */
  hrefOf: (cursor: string) => string;
};

/** The links to the neighbouring pages of a list. */
export function Pages({ page: { t }, list: { previous, next }, hrefOf }: PagesProps): VNode | null {
  if (previous === undefined && next === undefined) return null;
  return (
    <nav class="pages" aria-label={t('pages.label')}>
      {previous === undefined ? (
        <span />
      ) : (
        <a class="button quiet" rel="prev" href={hrefOf(previous)}>
          {`← ${t('pages.previous')}`}
        </a>
      )}
      {next && (
        <a class="button quiet" rel="next" href={hrefOf(next)}>
          {`${t('pages.next')} →`}
        </a>
      )}
    </nav>
  );
}
