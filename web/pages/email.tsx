import type { VNode } from 'preact';

/** An address that is too long for its line breaks after the @, not within a word. */
export function EmailText({ email }: { email: string }): VNode {
  const behind = email.lastIndexOf('@') + 1;
  return (
    <>
      {email.slice(0, behind)}
      <wbr />
      {email.slice(behind)}
    </>
  );
}
