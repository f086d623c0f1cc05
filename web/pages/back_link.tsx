import type { VNode } from 'preact';

/** The link back to the parent page. */
export function BackLink({ href, text }: { href: string; text: string }): VNode {
  return (
    <p class="back">
      <a href={href}>{`← ${text}`}</a>
    </p>
  );
}
