import type { VNode } from 'preact';

/** Marks a form, so that it is carried out once however often it is sent. */
export function FormIdField({ formId }: { formId: string }): VNode {
  return <input type="hidden" name="form" value={formId} />;
}
