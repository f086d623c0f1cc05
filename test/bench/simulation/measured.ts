import type { TurnCost } from './daemons';

/**
 * A turn of the daemon's event loop: what makes a decision cost 61 µs with 18 admissions in a turn, and 101 with one, which
 * is 61 times the ratio of many partitions to one. See docs/scaling.md.
 */
export const MEASURED_TURN: TurnCost = { fixedUs: 42, callUs: 59 };

/** What a decision takes of each processor, in microseconds: see the arithmetic of docs/scaling.md. */
export const MEASURED_US = { daemon: 101, daemonCached: 46, redis: 56 } as const;
