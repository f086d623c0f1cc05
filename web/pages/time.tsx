import type { VNode } from 'preact';
import type { PageTime } from '../i18n/translator';

/** A moment, for people and for programs; a clock time keeps its width as its digits change. */
export function Time({ time, isClock = false }: { time: PageTime; isClock?: boolean }): VNode {
  return (
    <time class={isClock ? 'number' : undefined} datetime={time.iso}>
      {time.text}
    </time>
  );
}
