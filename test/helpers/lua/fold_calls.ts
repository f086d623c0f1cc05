import { callFunction } from '../../../daemon/redis/library';
import { pack } from '../../../daemon/redis/packing';
import type { Bench } from './battery';

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;

/** Windows, in milliseconds: shorter than the time for which a clock that leaps makes the logs wait. */
export const SHORT = 20 * 60_000;
export const LONG = 40 * 60_000;

export const KEEP_LOG_MS = 3_000_000;

interface Log {
  readonly policy: string;
  readonly declared: boolean;
  readonly records: boolean;
}

export const CONNECTION: Log = { policy: 'connection', declared: true, records: true };
export const SERVICE: Log = { policy: 'service', declared: true, records: false };

interface Fold {
  readonly daemon?: string;
  readonly leaseMs?: number;
  readonly windows?: readonly number[];
  /** Windows that only other daemons have declared. */
  readonly others?: readonly number[];
  readonly logs?: readonly Log[];
  readonly budget?: number;
  readonly measure?: boolean;
  readonly isTimed?: boolean;
  readonly capConnections?: number;
  readonly capOthers?: number;
  readonly query?: { window_ms: number; recent_count: number; top_count: number; subject?: string };
}

export const everything = (windowMs: number, subject = 'ada') => {
  return { window_ms: windowMs, recent_count: 4, top_count: 9, subject };
};

/** Folds one step; a failure is noted as well. */
export async function fold({ redis, store: { keys } }: Bench, asked: Fold = {}): Promise<void> {
  const { windows = [SHORT, LONG], others = [], logs = [CONNECTION, SERVICE] } = asked;
  const { state, lease, recent, newcomers, hours, window, refunds } = keys.usage(0);
  const declared = [
    ...windows.map((ms) => ({ ms, declared: true })),
    ...others.map((ms) => ({ ms, declared: false })),
  ];
  const call = callFunction(redis, 'fold', {
    keys: [
      ...[keys.control(0), state, lease, recent, newcomers, hours],
      ...declared.map(({ ms }) => window(ms)),
      ...logs.map(({ policy }) => keys.admissions(0, policy)),
      ...logs.map(({ policy }) => refunds(policy)),
    ],
    args: [
      pack({
        claim: await redis.hget(keys.control(0), 'claim'),
        daemon: asked.daemon ?? 'one',
        lease_ms: asked.leaseMs ?? 0,
        windows: declared,
        logs,
        budget: asked.budget ?? 1000,
        measure: asked.measure ?? false,
        is_timed: asked.isTimed ?? false,
        cap_connections: asked.capConnections ?? 1e9,
        cap_others: asked.capOthers ?? 1e9,
        keep_hours_ms: 3 * 3_600_000,
        keep_log_ms: KEEP_LOG_MS,
        query: asked.query,
      }),
    ],
  });
  await call.catch(() => undefined);
}

/** Appends an entry as an admission does, so many microseconds from now. */
export async function connect(bench: Bench, subjects: readonly string[], us = 0, policy = 'connection') {
  const pairs = subjects.flatMap((subject) => [subject, '1']);
  await bench.redis.xadd(bench.store.keys.admissions(0, policy), `${bench.nowUs + us}-*`, ...pairs);
}

/** The same after the clock was set back: the id does not go back. */
export async function connectBehind({ redis, store, nowUs }: Bench, subjects: readonly string[]) {
  const pairs = subjects.flatMap((subject) => [subject, '1']);
  await redis.xadd(store.keys.admissions(0, 'connection'), '*', '', String(nowUs), ...pairs);
}

/** Appends a refund, as one does that is made so many microseconds from now, of a connection of so long ago. */
export async function refundConnection(
  { redis, store, nowUs }: Bench,
  subject: string,
  { agoUs, us = 0, policy = 'connection' }: { agoUs: number; us?: number; policy?: string },
) {
  const key = store.keys.admissions(0, policy);
  await redis.xadd(key, `${nowUs + us}-*`, subject, `-1@${nowUs - agoUs}`);
}
