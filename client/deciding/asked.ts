import { randomUUID } from 'node:crypto';
import type { Asked } from '../answers/admission';
import { QuotaUnavailable } from '../answers/unavailable';

/** A request to be admitted. */
export type AdmitOptions = {
  subject: string;
  policy: string;
  /** A whole number; 1 unless given. */
  cost?: number | undefined;
  /** A UUID of the caller's own, if it may ask again for the same act; a new one unless given. */
  requestId?: string | undefined;
  /** How long this request may take; the client's `deadlineMs` unless given. */
  deadlineMs?: number | undefined;
};

/** One request of a batch, which has one deadline. */
export type BatchedOptions = Omit<AdmitOptions, 'deadlineMs'>;

/** What the contract's int32 holds. */
const MAX_COST = 2 ** 31 - 1;

/** Throws a TypeError for what no daemon could admit, whoever asks: it must not spoil the requests that it would be joined with. */
export function toAsked({ subject, policy, cost = 1, requestId = randomUUID() }: BatchedOptions): Asked {
  for (const [name, value] of Object.entries({ subject, policy, requestId }))
    if (typeof value !== 'string') throw new TypeError(`${name}: ${value} is not a string`);
  if (!Number.isInteger(cost) || cost < 1 || cost > MAX_COST)
    throw new TypeError(`cost: ${cost} is not a whole number from 1 to ${MAX_COST}`);
  return { subject, policy, cost, requestId };
}

/** The most characters that the contract allows. A thousand requests of this size fit into one message. */
const MAX_CHARACTERS = { subject: 128, policy: 63, requestId: 36 };

const NAMES = ['subject', 'policy', 'requestId'] as const;

/**
 * The failure of a request that is too long to be sent: some of those would make a joined message too large, and all requests in
 * it would fail. The daemon rejects each with the same status.
 */
export function tooLong(asked: Asked): QuotaUnavailable | undefined {
  const faults = NAMES.filter((name) => isLonger(asked[name], MAX_CHARACTERS[name])).map(
    (name) => `${name}: longer than ${MAX_CHARACTERS[name]} characters`,
  );
  if (faults.length === 0) return undefined;
  const { requestId } = asked;
  return new QuotaUnavailable({ requestId, reason: faults.join('; '), grpcStatus: 'INVALID_ARGUMENT' });
}

/** A character is one or two units of UTF-16, so most texts need not be split to be counted. */
function isLonger(text: string, maxCharacters: number): boolean {
  return text.length > maxCharacters && (text.length > 2 * maxCharacters || [...text].length > maxCharacters);
}

/** What a timer can wait for. */
const MAX_DEADLINE_MS = 2 ** 31 - 1;

/** What is wrong with a deadline, if anything is. */
export function deadlineFaults(deadlineMs: unknown): string[] {
  const isRight = typeof deadlineMs === 'number' && deadlineMs > 0 && deadlineMs <= MAX_DEADLINE_MS;
  return isRight ? [] : [`deadlineMs: ${deadlineMs} is not a number above 0, at most ${MAX_DEADLINE_MS}`];
}
