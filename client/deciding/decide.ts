import { randomUUID } from 'node:crypto';
import type { Admission, Asked } from '../answers/admission';
import type { QuotaUnavailable } from '../answers/unavailable';
import { type Asking, asFailure, asValue, createAsk, createAskEach } from './ask';
import { createJoiner } from './joining';
import { createFallback, type WithoutDaemon } from './without_daemon';

/** A request to be admitted. */
export type AdmitOptions = {
  subject: string;
  policy: string;
  /** 1 unless given. */
  cost?: number | undefined;
  /** A UUID of the caller's own, if it may ask again for the same act; a new one unless given. */
  requestId?: string | undefined;
  /** How long this request may take; the client's `deadlineMs` unless given. */
  deadlineMs?: number | undefined;
};

/** One request of a batch, which has one deadline. */
export type BatchedOptions = Omit<AdmitOptions, 'deadlineMs'>;

/** What an admitted request took: its subject, and the policy and the id of its admission. */
export type Taken = { subject: string; policy: string; requestId: string };

export type DecidingOptions = {
  /** How long a request may take, retries included. */
  deadlineMs: number;
  callId: () => string | undefined;
  joins: boolean;
  withoutDaemon: WithoutDaemon;
};

/** Makes the functions that ask for decisions, and decide if no daemon answers. */
export function createDeciding(asking: Asking, options: DecidingOptions) {
  const { deadlineMs: usualMs, callId, joins, withoutDaemon } = options;
  const alone = createAsk(asking);
  const askEach = createAskEach(asking);
  const ask = joins ? createJoiner({ ask: alone, askEach, callId }) : alone;
  const fallback = createFallback(withoutDaemon);
  return {
    async admit({ deadlineMs = usualMs, ...request }: AdmitOptions): Promise<Admission> {
      const asked = toAsked(request);
      return ask(asked, deadlineMs).catch((error) => fallback.decide(asked, asFailure(error)));
    },
    async batch(requests: readonly BatchedOptions[]): Promise<(Admission | QuotaUnavailable)[]> {
      const asked = requests.map(toAsked);
      return askEach(asked, usualMs).catch((error) => {
        const failure = asFailure(error);
        return asked.map((one) => asValue(() => fallback.decide(one, failure.ofRequest(one.requestId))));
      });
    },
    async refund({ subject, policy, requestId }: Taken): Promise<boolean> {
      const taken = { subject, policy, requestId };
      // What was taken here, no daemon knows.
      if (fallback.refund(taken)) return true;
      const method = asking.service.refund.bind(asking.service);
      return (await asking.send({ method, request: taken, requestId })).refunded;
    },
  };
}

/** What the contract's int32 holds. */
const MAX_COST = 2 ** 31 - 1;

/** Throws a TypeError for what no message can hold: it must not spoil the requests that it would be joined with. */
function toAsked({ subject, policy, cost = 1, requestId = randomUUID() }: BatchedOptions): Asked {
  for (const [name, value] of Object.entries({ subject, policy, requestId }))
    if (typeof value !== 'string') throw new TypeError(`${name}: ${value} is not a string`);
  if (!Number.isInteger(cost) || Math.abs(cost) > MAX_COST)
    throw new TypeError(`cost: ${cost} is not a whole number that fits into 32 bits`);
  return { subject, policy, cost, requestId };
}
