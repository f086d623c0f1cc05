import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { TakingsSample } from '../quota/takings_sample';
import { watchClocks } from './clock_metrics';
import { createTakingsMetrics } from './takings_metrics';
import { createTally } from './tally';

/** Up to the most admissions of one call. */
const JOINED_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128];

/** What the daemon does under load, and what it saves. */
export interface LoadMetrics {
  /** A call was rejected, as too much was in flight; `method` as package.Service/Method. */
  shed(method: string): void;
  /** The caller of a call left before there was room for it. */
  left(method: string): void;
  /** This many admissions were sent to Redis in one call. */
  joined(admissionCount: number): void;
  /** An admission reached Redis after its deadline, and took nothing. */
  cameLate(): void;
  /** A denial was answered without Redis. */
  deniedFromCache(policy: string): void;
  /** The store's clock jumped forward or, if negative, backward. */
  clockJumped(jumpUs: number): void;
  /** The takings of some subjects were looked at. */
  sampled(sample: TakingsSample): void;
  /** Starts showing these. */
  watch(sources: LoadSources): void;
}

export interface LoadSources {
  /** How far behind the admissions the statistics are. */
  readonly folding: () => {
    readonly lagSeconds: number;
    readonly backlogEntries: number;
    readonly droppedEntries: number;
  };
  /** The state of deciding without the store. */
  readonly outage: () => {
    readonly unaskedPartitions: Readonly<Record<string, number>>;
    readonly journalEntries: number;
    readonly droppedEntries: number;
    readonly localSubjects: number;
  };
  readonly load: () => { readonly limit: number; readonly inFlight: number };
  readonly clocks: () => readonly { readonly offsetUs: number; readonly errorUs: number }[];
}

/** The methods, as package.Service/Method, have their counters at 0 from the start, so that an alert sees the first burst. */
export function createLoadMetrics(methodNames: readonly string[], registers: Registry[]): LoadMetrics {
  const shed = new Counter({
    name: 'quota_shed_calls_total',
    help: 'Calls that were rejected because too much was in flight, by method.',
    labelNames: ['method'],
    registers,
  });
  const left = new Counter({
    name: 'quota_left_calls_total',
    help: 'Calls whose callers left before there was room for them, by method. Nothing was made of them.',
    labelNames: ['method'],
    registers,
  });
  for (const counter of [shed, left]) for (const method of methodNames) counter.inc({ method }, 0);
  const joined = new Histogram({
    name: 'quota_joined_admissions',
    help: 'Admissions that went to Redis in one call.',
    buckets: JOINED_BUCKETS,
    registers,
  });
  const late = new Counter({
    name: 'quota_late_admissions_total',
    help: 'Admissions that reached Redis after their deadline, and took nothing.',
    registers,
  });
  const cached = new Counter({
    name: 'quota_cached_denials_total',
    help: 'Denials that were answered without Redis, by policy.',
    labelNames: ['policy'],
    registers,
    collect: () => cachedTally.flush(),
  });
  const cachedTally = createTally((policy, _, count) => cached.inc({ policy }, count));
  const jumps = new Counter({
    name: 'quota_store_clock_jumps_total',
    help: "Jumps of the store's clock, by direction.",
    labelNames: ['direction'],
    registers,
  });
  for (const direction of ['forward', 'back']) jumps.inc({ direction }, 0);
  return {
    shed: (method) => shed.inc({ method }),
    left: (method) => left.inc({ method }),
    joined: (admissionCount) => joined.observe(admissionCount),
    cameLate: () => late.inc(),
    deniedFromCache: (policy) => cachedTally.count(policy, ''),
    clockJumped: (jumpUs) => jumps.inc({ direction: jumpUs < 0 ? 'back' : 'forward' }),
    sampled: createTakingsMetrics(registers),
    watch: (sources) => createGauges(sources, registers),
  };
}

/** A worker that does not fold has no lag of its own, so the largest one counts. */
function createFoldMetrics(folding: LoadSources['folding'], registers: Registry[]): void {
  new Gauge({
    name: 'quota_fold_lag_seconds',
    aggregator: 'max',
    help: 'Age of the oldest admission that the statistics may not hold yet.',
    registers,
    collect() {
      this.set(folding().lagSeconds);
    },
  });
  new Gauge({
    name: 'quota_fold_backlog_entries',
    aggregator: 'max',
    help: 'Entries of the logs of admissions that the statistics do not hold yet.',
    registers,
    collect() {
      this.set(folding().backlogEntries);
    },
  });
  let counted = 0;
  new Counter({
    name: 'quota_log_entries_dropped_total',
    help: 'Entries that were dropped from logs of admissions because of their cap in bytes.',
    registers,
    collect() {
      const { droppedEntries } = folding();
      this.inc(droppedEntries - counted);
      counted = droppedEntries;
    },
  });
}

function createOutageMetrics(outage: LoadSources['outage'], registers: Registry[]): void {
  new Gauge({
    name: 'quota_circuit_open',
    aggregator: 'max',
    help: '1 while a database is not used, as writes to it have failed.',
    labelNames: ['database'],
    registers,
    collect() {
      for (const [database, count] of Object.entries(outage().unaskedPartitions))
        this.set({ database }, Number(count > 0));
    },
  });
  new Gauge({
    name: 'quota_unasked_partitions',
    aggregator: 'max',
    help: 'Partitions of a database that are not used, as writes to them have failed.',
    labelNames: ['database'],
    registers,
    collect() {
      for (const [database, count] of Object.entries(outage().unaskedPartitions))
        this.set({ database }, count);
    },
  });
  new Gauge({
    name: 'quota_journal_entries',
    help: 'Admissions that were made without the store, and wait to be written to it.',
    registers,
    collect() {
      this.set(outage().journalEntries);
    },
  });
  new Gauge({
    name: 'quota_local_subjects',
    help: 'Subjects that are remembered without the store, once for each policy.',
    registers,
    collect() {
      this.set(outage().localSubjects);
    },
  });
  let counted = 0;
  new Counter({
    name: 'quota_journal_dropped_total',
    help: 'Admissions that were made without the store, and that it will never count.',
    registers,
    collect() {
      const { droppedEntries } = outage();
      this.inc(droppedEntries - counted);
      counted = droppedEntries;
    },
  });
}

function createGauges({ load, clocks, folding, outage }: LoadSources, registers: Registry[]): void {
  watchClocks(clocks, registers);
  createFoldMetrics(folding, registers);
  createOutageMetrics(outage, registers);
  new Gauge({
    name: 'quota_load_limit',
    help: 'Decisions that may be in flight at once, as calls are answered now.',
    registers,
    collect() {
      this.set(load().limit);
    },
  });
  new Gauge({
    name: 'quota_load_in_flight',
    help: 'Decisions that are in flight.',
    registers,
    collect() {
      this.set(load().inFlight);
    },
  });
}
