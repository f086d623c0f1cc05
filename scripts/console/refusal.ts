/** What was asked cannot be done, for a reason that the person at the terminal can act on: shown without a stack. */
export class Refusal extends Error {
  readonly code = 'REFUSED';
}
