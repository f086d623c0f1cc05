import type { IncomingHttpHeaders } from 'node:http2';
import type { Metadata } from '@grpc/grpc-js';

const HEADER = 'grpc-timeout';

/** gRPC over HTTP/2, "Timeout". */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;

/** The library counts milliseconds in 32 bits: a longer timeout would become some other one, or end at once. */
const LONGEST = '2147483S';
const LONGEST_BY_UNIT: Readonly<Record<string, number>> = { H: 596, M: 35_791, S: 2_147_483 };

/** Whether the timeout that a caller sends, if any, can be read: the library answers any other with INTERNAL. */
export function hasReadableTimeout(headers: IncomingHttpHeaders): boolean {
  const timeout = headers[HEADER];
  return timeout === undefined || TIMEOUT.test(String(timeout));
}

/** Shortens a timeout to the longest that the library can count, 24 days. */
export function shortenTimeout(headers: IncomingHttpHeaders): void {
  const [, count, unit = ''] = TIMEOUT.exec(String(headers[HEADER])) ?? [];
  if (Number(count) > (LONGEST_BY_UNIT[unit] ?? Number.POSITIVE_INFINITY)) headers[HEADER] = LONGEST;
}

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** The most milliseconds in eight digits: what has passed of a longer timeout does not matter. */
const MOST_MS = 99_999_999;

/** A timeout in milliseconds; Infinity if there is none. */
export function timeoutMsOf(headers: IncomingHttpHeaders): number {
  const [, count, unit = ''] = TIMEOUT.exec(String(headers[HEADER])) ?? [];
  return count === undefined ? Number.POSITIVE_INFINITY : Number(count) * (MS_PER_UNIT[unit] ?? Number.NaN);
}

/** Takes from a timeout what has passed of it before the library sees it, so that nothing is decided after the deadline. */
export function spendTimeout(headers: IncomingHttpHeaders, passedMs: number): void {
  const ms = timeoutMsOf(headers);
  if (ms <= MOST_MS) headers[HEADER] = `${Math.max(0, Math.floor(ms - passedMs))}m`;
}

const DECIDE_BY = 'quota-decide-by';

/** Removes what a caller may have sent under the name that `setDecideBy` uses. */
export function dropDecideBy(headers: IncomingHttpHeaders): void {
  if (headers[DECIDE_BY] !== undefined) delete headers[DECIDE_BY];
}

/** Sets the moment of `performance.now()` after which a request must not be decided, if any, for `decideByMs`. */
export function setDecideBy(headers: IncomingHttpHeaders, ms: number): void {
  if (ms !== Number.POSITIVE_INFINITY) headers[DECIDE_BY] = String(ms);
}

/** What `setDecideBy` has set; Infinity unless it has. */
export function decideByMs(metadata: Metadata): number {
  const [text] = metadata.get(DECIDE_BY);
  const ms = text === undefined ? Number.NaN : Number(text);
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}
