/** A command cannot run, for a reason that the user at the terminal can act on: shown without a stack. */
export class Refusal extends Error {
  readonly code = 'REFUSED';
}
