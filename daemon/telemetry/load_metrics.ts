import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { createTally } from './tally';

/** Up to the most admissions of one call. */
const JOINED_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128];

const US_PER_S = 1_000_000;

/** What the daemon does under load, and what it saves. */
export interface LoadMetrics {
  /** A call was refused, as too much was in flight; `method` as package.Service/Method. */
  shed(method: string): void;
  /** So many admissions went to Redis in one call. */
  joined(admissionCount: number): void;
  /** An admission reached Redis after its deadline, and took nothing. */
  cameLate(): void;
  /** A denial was answered without Redis. */
  deniedFromCache(policy: string): void;
  /** The store's clock went forward or, if negative, back. */
  clockJumped(jumpUs: number): void;
  /** Shows these from now on. */
  watch(sources: LoadSources): void;
}

export interface LoadSources {
  /** How far the statistics are behind the admissions. */
  readonly folding: () => {
    readonly lagSeconds: number;
    readonly backlogEntries: number;
    readonly droppedEntries: number;
  };
  /** How far the daemon goes on without its store. */
  readonly outage: () => {
    readonly openCircuits: Readonly<Record<string, boolean>>;
    readonly journalEntries: number;
    readonly droppedEntries: number;
    readonly localSubjects: number;
  };
  readonly load: () => { readonly limit: number; readonly inFlight: number };
  readonly clock: () => { readonly offsetUs: number; readonly errorUs: number } | undefined;
}

export function createLoadMetrics(registers: Registry[]): LoadMetrics {
  const shed = new Counter({
    name: 'quota_shed_calls_total',
    help: 'Calls that were refused because too much was in flight, by method.',
    labelNames: ['method'],
    registers,
  });
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
    joined: (admissionCount) => joined.observe(admissionCount),
    cameLate: () => late.inc(),
    deniedFromCache: (policy) => cachedTally.count(policy, ''),
    clockJumped: (jumpUs) => jumps.inc({ direction: jumpUs < 0 ? 'back' : 'forward' }),
    watch: (sources) => createGauges(sources, registers),
  };
}

/** A worker that does not fold has no lag of its own, so the largest one counts. */
function createFoldMetrics(folding: LoadSources['folding'], registers: Registry[]): void {
  new Gauge({
    name: 'quota_fold_lag_seconds',
    aggregator: 'max',
    help: 'Age of the oldest admission that the statistics do not hold yet.',
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
    help: '1 while a database is not asked any more, as writes to it have failed.',
    labelNames: ['database'],
    registers,
    collect() {
      for (const [database, isOpen] of Object.entries(outage().openCircuits))
        this.set({ database }, Number(isOpen));
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

function createGauges({ load, clock, folding, outage }: LoadSources, registers: Registry[]): void {
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
  const offsets = new Gauge({
    name: 'quota_store_clock_offset_seconds',
    aggregator: 'average',
    help: "How far the store's clock is ahead of this machine's; none if it is not known.",
    registers,
    collect() {
      const estimate = clock();
      this.remove();
      if (estimate) this.set(estimate.offsetUs / US_PER_S - performance.timeOrigin / 1000);
    },
  });
  offsets.remove();
  const errors = new Gauge({
    name: 'quota_store_clock_error_seconds',
    aggregator: 'max',
    help: 'By how much that offset may be wrong.',
    registers,
    collect() {
      const estimate = clock();
      this.remove();
      if (estimate) this.set(estimate.errorUs / US_PER_S);
    },
  });
  errors.remove();
}
