import type { ComponentChildren, VNode } from 'preact';

type NoticeProps = { kind: 'done' | 'refused' | 'outage'; children: ComponentChildren };

/** The result of a form, in one paragraph. It gets the focus, so that it is read first. */
export function Notice({ kind, children }: NoticeProps): VNode {
  return (
    <p class={`notice ${kind}`} role={kind === 'done' ? 'status' : 'alert'} tabindex={-1} autofocus>
      {children}
    </p>
  );
}
