import type { Logger } from 'pino';
import { type CircuitOf, createCircuit } from './circuit';
import type { Keys } from './keys';
import { type Database, isCluster } from './nodes';
import { createProbe, PROBE_INTERVAL_MS } from './probe';
import { createSharedPauses } from './shared_pauses';

/** Partitions that are probed within one interval; with more of them, each is probed less often. */
const PROBES_PER_INTERVAL = 16;

/**
 * Probes are sent together at steps of a common clock, as each step costs a write to each server. A pause is rounded up to a
 * step, which is a part of it, so that it hardly gets longer.
 */
const STEPS_PER_PAUSE = 4;
const SHORTEST_STEP_MS = 25;
const LONGEST_STEP_MS = 300;

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
  const intervalMs = PROBE_INTERVAL_MS * Math.max(1, partitions / PROBES_PER_INTERVAL);
  const stepMs = Math.min(LONGEST_STEP_MS, Math.max(SHORTEST_STEP_MS, intervalMs / STEPS_PER_PAUSE));
  const pauseTogether = createSharedPauses(stepMs);
  const parts = Array.from({ length: partitions }, (_, partition) => {
    const quiet = quieted(logger.child({ partition }), summary.changed);
    const circuit = createCircuit({ name, logger: quiet });
    const probe = createProbe({
      redis,
      name,
      key: keys.probe(partition),
      circuit,
      intervalMs,
      longestRetryMs: LONGEST_RETRY_MS,
      pauseTogether,
      logger: quiet,
    });
    return { circuit, probe };
  });
  const usableCount = () => parts.filter(({ probe }) => probe.isUsable()).length;

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
