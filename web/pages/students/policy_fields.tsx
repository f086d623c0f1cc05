import type { VNode } from 'preact';

/** What a form that resets a student's quota names: the policy and, of password attempts, a known browser. */
export function PolicyFields({ policy, browser }: { policy: string; browser: string | undefined }): VNode {
  return (
    <>
      <input type="hidden" name="policy" value={policy} />
      {browser !== undefined && <input type="hidden" name="browser" value={browser} />}
    </>
  );
}
