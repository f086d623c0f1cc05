import type { Logger } from 'pino';
import { type CircuitOf, createCircuit } from './circuit';
import type { Keys } from './keys';
import { type Database, isCluster } from './nodes';
import { createProbe, PROBE_INTERVAL_MS } from './probe';
import { createSharedPauses } from './shared_pauses';

/** So many partitions are each probed as often as a single server. */
const MOST_PROBED_OFTEN = 16;

/** Of more partitions so many are probed within one interval: once one of them fails, the others are probed at once. */
const PROBES_PER_INTERVAL = 4;

/** Many probes that begin together are soon spread evenly over the interval: at each moment one of them is due soon. */
const SPREAD = 1;

/** The others are probed at most this often because one has failed: of a server that fails, each partition does. */
const ALARM_MS = 1_000;

/** Of pauses that are hardly longer: they must not be rounded up to twice the time. */
const SHORT_STEP_MS = 25;

/** Of longer pauses: each write to a server costs as much as many probes in it. */
const LONG_STEP_MS = 4 * PROBE_INTERVAL_MS;

/** While partitions fail, each is asked this often: hundreds of them fail at once if a server does. */
const LONGEST_RETRY_MS = 500;

/** A failover affects many partitions at about the same time: one log line covers all of them. */
const REPORT_DELAY_MS = 500;

/** Whether a database takes writes; nobody waits for a part of it that does not. */
export interface DatabaseHealth {
  readonly circuitOf: CircuitOf;
  /** Whether it takes writes; on a Cluster, for at least one partition. */
  isUsable(): boolean;
  /** How many partitions are out of use; all or none if they share a server. */
  unaskedCount(): number;
  /** Starts probing; resolves after the first probe. */
  start(): Promise<void>;
  stop(): void;
}

export interface DatabaseHealthOptions {
  readonly redis: Database;
  /** What the log calls the database. */
  readonly name: string;
  readonly keys: Keys;
  readonly partitions: number;
  readonly logger: Logger;
}

/** One circuit and one probe or, on a Cluster, one of each per partition. */
export function watchDatabase(options: DatabaseHealthOptions): DatabaseHealth {
  return isCluster(options.redis) ? watchPartitions(options) : watchServer(options);
}

function watchServer({ redis, name, keys, partitions, logger }: DatabaseHealthOptions): DatabaseHealth {
  const circuit = createCircuit({ name, logger });
  const probe = createProbe({ redis, name, key: keys.probe(0), circuit, logger });
  return {
    circuitOf: () => circuit,
    isUsable: probe.isUsable,
    unaskedCount: () => (circuit.isOpen() ? partitions : 0),
    start: probe.start,
    stop: probe.stop,
  };
}

function watchPartitions({ redis, name, keys, partitions, logger }: DatabaseHealthOptions): DatabaseHealth {
  const summary = createSummary();
  const isEachOften = partitions <= MOST_PROBED_OFTEN;
  const pauses = createSharedPauses(isEachOften ? SHORT_STEP_MS : LONG_STEP_MS);
  let alarmedMs = Number.NEGATIVE_INFINITY;
  const parts = Array.from({ length: partitions }, (_, partition) => {
    const quiet = quieted(logger.child({ partition }), summary.changed);
    const circuit = createCircuit({ name, logger: quiet });
    const probe = createProbe({
      redis,
      name,
      key: keys.probe(partition),
      circuit,
      intervalMs: PROBE_INTERVAL_MS * (isEachOften ? 1 : partitions / PROBES_PER_INTERVAL),
      jitter: isEachOften ? undefined : SPREAD,
      longestRetryMs: LONGEST_RETRY_MS,
      pauseTogether: pauses.pause,
      onFirstFailure: probeAll,
      logger: quiet,
    });
    return { circuit, probe };
  });
  const usableCount = () => parts.filter(({ probe }) => probe.isUsable()).length;

  function probeAll(): void {
    const nowMs = performance.now();
    if (nowMs - alarmedMs < ALARM_MS) return;
    alarmedMs = nowMs;
    pauses.endAll();
  }

  function createSummary() {
    let reported: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const report = () => {
      timer = undefined;
      const usable = usableCount();
      if (usable === reported) return;
      reported = usable;
      if (usable === partitions) logger.info({ redis: name }, 'each partition takes writes');
      else logger.warn({ redis: name, partitions: partitions - usable }, 'partitions take no writes');
    };
    return {
      changed() {
        timer ??= setTimeout(report, REPORT_DELAY_MS).unref();
      },
      stop: () => clearTimeout(timer),
    };
  }

  return {
    circuitOf: (partition) => (parts[partition] as (typeof parts)[number]).circuit,
    isUsable: () => parts.some(({ probe }) => probe.isUsable()),
    unaskedCount: () => parts.filter(({ circuit }) => circuit.isOpen()).length,
    async start() {
      await Promise.all(parts.map(({ probe }) => probe.start()));
    },
    stop() {
      summary.stop();
      for (const { probe } of parts) probe.stop();
    },
  };
}

/** Logs about one partition at debug level only, and reports that something has changed. */
function quieted(logger: Logger, changed: () => void): Pick<Logger, 'info' | 'warn' | 'debug'> {
  const debug = logger.debug.bind(logger);
  const noted = ((...args: Parameters<Logger['debug']>) => {
    debug(...args);
    changed();
  }) as Logger['debug'];
  return { debug, info: noted, warn: noted };
}
