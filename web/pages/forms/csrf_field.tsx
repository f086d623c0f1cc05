import type { VNode } from 'preact';
import type { PageContext } from '../page_context';

/** The token that every form must send. */
export function CsrfField({ page }: { page: PageContext }): VNode {
  return <input type="hidden" name="_csrf" value={page.csrfToken()} />;
}
