import { HOURS_KEPT_MS } from '../../quota/retention';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import { pack, unpack } from '../packing';
import { createPace, type Pace } from './pace';
import { LOG_KEPT_MS, type LogBytes, partitionLogBytes } from './retention';

/** A policy whose log is folded. */
export interface FoldedPolicy {
  readonly name: string;
  readonly recordsConnections: boolean;
}

/** What folding needs to know of the daemon. */
export interface Folding {
  readonly redis: Database;
  readonly keys: Keys;
  /** The claim that the daemon expects of a partition. */
  readonly claimOf: (partition: number) => string;
  /** An id that no other daemon has ever had. */
  readonly daemonId: string;
  /** The windows that are counted, in milliseconds. */
  readonly windowsMs: () => readonly number[];
  readonly policies: () => Iterable<FoldedPolicy>;
  readonly logBytes: LogBytes;
  readonly partitions: number;
  /**
   * Pairs of a log that each part of a step handles, over all windows. Unless given, as many as take Redis less than a
   * millisecond.
   */
  readonly budget?: number;
}

/** Statistics to read once everything is folded. */
export interface FoldQuery {
  readonly windowMs: number;
  readonly recentCount: number;
  readonly topCount: number;
  readonly subject: string | undefined;
}

export interface FoldOptions {
  /** How long to take the lease for; folds only if this daemon gets it. Undefined folds in any case. */
  readonly leaseMs?: number;
  /** Also measures the logs. */
  readonly isMeasuring?: boolean;
  readonly query?: FoldQuery;
}

/** What one call of the function has done: see `scripts/usage/fold.lua`. */
export interface FoldReply {
  readonly held: boolean;
  readonly caught_up?: boolean;
  readonly has_more?: boolean;
  readonly has_newcomers?: boolean;
  readonly now_us: number;
  /** How long the step took; 0 if Redis holds its clock while a function runs, as newer ones do. */
  readonly took_us?: number;
  readonly folded?: number;
  readonly dropped?: number;
  readonly backlog?: number;
  readonly lag_us?: number;
  readonly usage?: {
    readonly recent: readonly string[];
    readonly top: readonly string[];
    readonly subject_count: number;
    readonly complete_since_us: number;
  };
}

interface Unknown {
  readonly windows: readonly string[];
  readonly policies: readonly string[];
}

/** Folds one partition's logs, one short step per call. */
export interface Folder {
  fold(partition: number, options?: FoldOptions): Promise<FoldReply>;
}

export function createFolder(folding: Folding): Folder {
  /** What other daemons have declared, by partition: they may have another policies file. */
  const others = new Map<number, { windowsMs: Set<number>; policies: Set<string> }>();
  const paces = new Map<number, Pace>();

  function paceOf(partition: number): Pace {
    const pace = paces.get(partition) ?? createPace();
    paces.set(partition, pace);
    return pace;
  }

  async function fold(partition: number, options: FoldOptions = {}): Promise<FoldReply> {
    const pace = paceOf(partition);
    for (;;) {
      const budget = folding.budget ?? pace.budget;
      const reply = await callOnce(folding, { partition, options, budget, others: others.get(partition) });
      if (!('unknown' in reply)) {
        pace.note({ tookUs: reply.took_us ?? 0, hasMore: reply.has_more ?? false });
        return reply;
      }
      const known = others.get(partition);
      others.set(partition, {
        windowsMs: new Set([...(known?.windowsMs ?? []), ...reply.unknown.windows.map(Number)]),
        policies: new Set([...(known?.policies ?? []), ...reply.unknown.policies]),
      });
    }
  }

  return { fold };
}

async function callOnce(
  folding: Folding,
  call: {
    partition: number;
    options: FoldOptions;
    budget: number;
    others: { windowsMs: Set<number>; policies: Set<string> } | undefined;
  },
): Promise<FoldReply | { unknown: Unknown }> {
  const { redis, keys } = folding;
  const { partition } = call;
  const { request, windowsMs, policies } = toRequest(folding, call);
  const { state, lease, recent, newcomers, hours, window, refunds } = keys.usage(partition);
  const reply = await callFunction(redis, 'fold', {
    keys: [
      ...[keys.control(partition), state, lease, recent, newcomers, hours],
      ...windowsMs.map(window),
      ...policies.map((policy) => keys.admissions(partition, policy)),
      ...policies.map(refunds),
    ],
    args: [pack(request)],
  });
  return unpack(reply as Buffer) as FoldReply | { unknown: Unknown };
}

function toRequest(folding: Folding, { partition, options, budget, others }: Parameters<typeof callOnce>[1]) {
  const ownWindowsMs = folding.windowsMs();
  const own = [...folding.policies()];
  const windows = [
    ...ownWindowsMs.map((ms) => ({ ms, declared: true })),
    ...[...(others?.windowsMs ?? [])]
      .filter((ms) => !ownWindowsMs.includes(ms))
      .map((ms) => ({ ms, declared: false })),
  ];
  const ownNames = new Set(own.map(({ name }) => name));
  const logs = [
    ...own.map(({ name, recordsConnections }) => ({
      policy: name,
      declared: true,
      records: recordsConnections,
    })),
    ...[...(others?.policies ?? [])]
      .filter((name) => !ownNames.has(name))
      .map((policy) => ({ policy, declared: false, records: false })),
  ];
  const { query } = options;
  const request = {
    claim: folding.claimOf(partition),
    daemon: folding.daemonId,
    lease_ms: options.leaseMs ?? 0,
    windows,
    logs,
    budget: Math.ceil(budget / windows.length),
    is_timed: true,
    measure: options.isMeasuring ?? false,
    cap_connections: partitionLogBytes(folding.logBytes.connections, folding.partitions),
    cap_others: partitionLogBytes(folding.logBytes.others, folding.partitions),
    keep_hours_ms: HOURS_KEPT_MS,
    keep_log_ms: LOG_KEPT_MS,
    query: query && {
      window_ms: query.windowMs,
      recent_count: query.recentCount,
      top_count: query.topCount,
      subject: query.subject,
    },
  };
  return { request, windowsMs: windows.map(({ ms }) => ms), policies: logs.map(({ policy }) => policy) };
}
