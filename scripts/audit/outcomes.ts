import type { Attempt } from './history';

/** Errors after which nothing was taken; after any other, the outcome is not known. */
const NOTHING_TAKEN = new Set(['InvalidRequest', 'RefundedRequest']);

/** The store has admitted it, and taken its cost. */
export function isCharge({ answer }: Attempt): boolean {
  return answer?.admitted === true && answer.isRepeat !== true && answer.degraded !== true;
}

/** The store has said that it had admitted it before. */
export function isRepeat({ answer }: Attempt): boolean {
  return answer?.admitted === true && answer.isRepeat === true && answer.degraded !== true;
}

/** It was admitted without the store. */
export function isAdmittedLocally({ answer }: Attempt): boolean {
  return answer?.admitted === true && answer.isRepeat !== true && answer.degraded === true;
}

/** The store has denied it. */
export function isDenial({ answer }: Attempt): boolean {
  return answer?.admitted === false && answer.degraded !== true;
}

/** The store may have taken its cost: it has not answered. What was decided without it had been sent to it first. */
export function isUnknown({ answer, policy }: Attempt): boolean {
  if (answer === undefined || answer.degraded === true) return true;
  // A policy that goes on without the store may find the deadline passed only after the store has not answered.
  if (answer.error === 'DeadlinePassed') return policy.rule !== 'deny';
  return answer.error !== undefined && !NOTHING_TAKEN.has(answer.error);
}
