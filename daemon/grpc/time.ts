import type { Duration } from '../../gen/google/protobuf/duration';

const US_PER_S = 1_000_000;
const US_PER_MS = 1000;
const NS_PER_US = 1000;
const NS_PER_MS = 1_000_000;
const MAX_NANOS = 999_999_999;

/** A span of microseconds, as the contract writes it. */
export function durationOfUs(us: number): Duration {
  return { seconds: Math.floor(us / US_PER_S), nanos: (us % US_PER_S) * NS_PER_US };
}

/** A span of whole milliseconds, as the contract writes it. */
export function durationOfMs(ms: number): Duration {
  return durationOfUs(ms * US_PER_MS);
}

/** A span of the contract in whole milliseconds, rounded down. */
export function durationMs({ seconds, nanos }: Duration): number {
  return seconds * 1000 + Math.floor(nanos / NS_PER_MS);
}

/** The nanoseconds of a timestamp, which count forward from its second, also before 1970. */
export function hasValidNanos(nanos: number): boolean {
  return nanos >= 0 && nanos <= MAX_NANOS;
}

/** A duration has one sign for both parts, and less than a second in its nanoseconds. */
export function isValidDuration({ seconds, nanos }: Duration): boolean {
  return Math.abs(nanos) <= MAX_NANOS && seconds * nanos >= 0;
}
