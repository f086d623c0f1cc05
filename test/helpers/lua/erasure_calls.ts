import { callFunction } from '../../../daemon/redis/library';
import { pack } from '../../../daemon/redis/packing';
import type { Bench } from './battery';
import { LONG, SHORT } from './fold_calls';

/** The limits of each policy that an erasure names. */
const LIMITS: Readonly<Record<string, readonly string[]>> = {
  mixed: ['w', 'b', 'tried'],
  connection: [],
  service: [],
};

interface Begin {
  readonly id?: string;
  readonly subject?: string;
  readonly hash?: string;
  readonly windows?: readonly number[];
  readonly policies?: readonly string[];
  readonly most?: number;
  readonly claim?: string;
}

const claimOf = ({ redis, store: { keys } }: Bench) => redis.hget(keys.control(0), 'claim');

/** Starts an erasure as a daemon does; what it throws is noted as well. */
export async function begin(bench: Bench, asked: Begin = {}): Promise<void> {
  const { keys } = bench.store;
  const { id = 'e1', subject = 'ada', windows = [SHORT, LONG], policies = Object.keys(LIMITS) } = asked;
  const { state, recent, newcomers, window, refunds } = keys.usage(0);
  const { running, erased } = keys.erasures(0);
  const pairs = policies.flatMap((policy) => (LIMITS[policy] ?? []).map((limit) => [policy, limit] as const));
  const call = callFunction(bench.redis, 'begin_erasure', {
    keys: [
      ...[keys.control(0), running, state, recent, newcomers, keys.overrides(0), erased],
      ...windows.map(window),
      ...policies.map((policy) => keys.admissions(0, policy)),
      ...policies.map(refunds),
      ...policies.map((policy) => keys.taken(policy, subject)),
      ...pairs.flatMap(([policy, limit]) => [
        keys.bucket(policy, limit, subject),
        keys.shadow(policy, limit, subject),
      ]),
    ],
    args: [
      pack({
        claim: asked.claim ?? (await claimOf(bench)),
        id,
        subject,
        subject_hash: asked.hash ?? `hash of ${subject}`,
        windows_ms: windows,
        policies,
        limits: pairs.map(([policy, limit]) => `${policy}:${limit}`),
        steps: 5,
        most: asked.most ?? 9,
      }),
    ],
  });
  await call.catch(() => undefined);
}

interface Rewrite {
  readonly log?: string;
  readonly daemon?: string;
  readonly subject?: string;
  readonly budget?: number;
  readonly until: { readonly cutoff: string } | { readonly before_us: number };
  readonly policy?: string;
  /** Whether the statistics are computed from the log. */
  readonly isCounted?: boolean;
}

/** Does one step of rewriting a log. */
export async function rewrite({ redis, store: { keys } }: Bench, asked: Rewrite): Promise<void> {
  const { policy = 'connection', log = keys.admissions(0, policy), isCounted = true, until } = asked;
  const { daemon = 'one', subject = 'ada', budget = 100 } = asked;
  const { lease } = keys.erasures(0);
  await callFunction(redis, 'rewrite_log', {
    keys: [log, `${log}:copy`, lease, ...(isCounted ? [keys.usage(0).state] : [])],
    args: [pack({ daemon, lease_ms: 60_000, subject, policy, budget, ...until })],
  });
}

interface Noted {
  readonly id?: string;
  readonly begunUs: number;
  readonly stepsDone?: number;
  readonly mostEnded?: number;
}

/** What an ended erasure is reported for. */
export const FORGET_US = 100_000_000;

/** Notes the progress of an erasure. */
export async function noteProgress({ redis, store: { keys } }: Bench, noted: Noted): Promise<void> {
  const { id = 'e1', begunUs, stepsDone = 5, mostEnded = 3 } = noted;
  const { running, ended } = keys.erasures(0);
  const progress = {
    id,
    begun_us: begunUs,
    steps_done: stepsDone,
    forget_us: FORGET_US,
    most_ended: mostEnded,
  };
  await callFunction(redis, 'note_erasure', {
    keys: [running, ended, keys.usage(0).state],
    args: [pack(progress)],
  });
}

export async function lease({ redis, store: { keys } }: Bench, daemon = 'one', ms = 60_000): Promise<void> {
  await callFunction(redis, 'lease_erasures', { keys: [keys.erasures(0).lease], args: [daemon, ms] });
}

/** Starts erasing a subject from the record of calls. */
export async function beginCalls(
  bench: Bench,
  { mark, subject = 'ada', claim }: { mark: string; subject?: string; claim?: string },
): Promise<void> {
  const { keys } = bench.store;
  const { bySubject, log } = keys.calls(0);
  const call = callFunction(bench.redis, 'begin_calls_erasure', {
    keys: [keys.control(0), bySubject, keys.callRequests(subject), log],
    args: [pack({ claim: claim ?? (await claimOf(bench)), subject, mark })],
  });
  await call.catch(() => undefined);
}

export async function forgetIdle({ redis, store: { keys } }: Bench, subject: string): Promise<void> {
  await callFunction(redis, 'forget_idle_subject', { keys: [keys.calls(0).bySubject], args: [subject] });
}

export async function announce({ redis, store: { keys } }: Bench, mark: string): Promise<void> {
  await callFunction(redis, 'announce_erasure', { keys: [keys.announcedErasures], args: ['0', mark] });
}
