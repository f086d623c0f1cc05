import { randomUUID } from 'node:crypto';

/** The gRPC metadata in which a caller sends the id under which it logs; in lower case, as gRPC wants it. */
export const CALL_ID_KEY = 'x-request-id';

/** Letters, digits and a few signs, as ids have them: nothing that could break a line of a log, or flood it. */
const ACCEPTABLE = /^[\w.:-]{1,64}$/;

/** The id under which a call is logged: the caller's own if it is fit to be logged, otherwise a new one. */
export function callIdFrom(sent: unknown): string {
  return typeof sent === 'string' && ACCEPTABLE.test(sent) ? sent : randomUUID();
}
