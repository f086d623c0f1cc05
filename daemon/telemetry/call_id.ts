import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';

/** Letters, digits and a few signs, as ids have them: nothing that could break a line of a log, or flood it. */
const ACCEPTABLE = /^[\w.:-]{1,64}$/;

const current = new AsyncLocalStorage<string>();

/** The id under which a call is logged: the caller's own where it is fit to be logged, otherwise a new one. */
export function callIdFrom(sent: unknown): string {
  return typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : randomUUID();
}

/** Runs a step of a call, so that all that is logged during it bears the call's id. */
export function withCallId<T>(callId: string, step: () => T): T {
  return current.run(callId, step);
}

/** The id of the call that is being answered; undefined where none is. */
export function currentCallId(): string | undefined {
  return current.getStore();
}
