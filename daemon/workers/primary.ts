import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import { AggregatorRegistry, Registry } from 'prom-client';
import { backOff } from '../../environment/back_off';
import { serveHttp } from '../telemetry/http';
import { createReloadMetrics } from '../telemetry/policies_metrics';
import type { Readiness } from '../telemetry/readiness';
import { askWorker, type Question } from './asking';
import { createDecisionExchange } from './decision_exchange';
import { sharePolicies } from './shared_policies';

/** A worker that dies at once is not replaced faster than this; the delay doubles with each, up to the longest. */
const RESTART = { minMs: 100, maxMs: 10_000 };

/** A worker that has lived for this long counts as started. */
const SETTLED_MS = 10_000;

export interface PrimaryOptions {
  readonly workerCount: number;
  /** What the workers' environment holds besides this process's. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** HOST:PORT of the HTTP pages. */
  readonly httpListen: string;
  /** Reads and watches the policies file; calls back at each change with whether it was accepted. */
  readonly openPolicies: (onReload: (isTaken: boolean) => void) => { text(): string; stop(): void };
  readonly logger: Logger;
}

/**
 * Runs the daemon as several processes that share its port, each a whole daemon; this one only watches over them: it
 * replaces those that die, gives them their policies, drains them together, and shows their numbers as one. Resolves once
 * all have ended. Throws as `openPolicies` does.
 */
export async function runPrimary(options: PrimaryOptions): Promise<void> {
  const { workerCount, environment, httpListen, openPolicies, logger } = options;
  const workers = new Set<Worker>();
  let isDraining = false;
  let hasServed = false;
  let deaths = 0;
  const exchange = createDecisionExchange();
  const stop = new AbortController();
  const registry = new Registry();
  const policiesReloaded = createReloadMetrics([registry]);
  const policies = openPolicies((isTaken) => {
    policiesReloaded(isTaken);
    if (isTaken) sharing.changed();
  });
  const sharing = sharePolicies(policies.text);

  function start(): void {
    if (isDraining) return;
    const worker = cluster.fork(environment);
    const startedMs = performance.now();
    workers.add(worker);
    exchange.add(worker);
    sharing.add(worker);
    worker.once('listening', () => {
      hasServed = true;
    });
    worker.once('exit', (code, signal) => {
      workers.delete(worker);
      if (isDraining) return;
      // A worker that cannot start logs why; another would fail in the same way.
      if (!hasServed && code !== 0 && signal === null) {
        process.exitCode = 1;
        stop.abort();
        return;
      }
      if (performance.now() - startedMs >= SETTLED_MS) deaths = 0;
      deaths += 1;
      const restartMs = backOff(deaths, RESTART);
      logger.error({ worker: worker.process.pid, code, signal, restartMs }, 'a worker died, and is replaced');
      setTimeout(start, restartMs);
    });
  }

  async function ask<Answer>(question: Question): Promise<Answer[]> {
    const answers = await Promise.all([...workers].map((worker) => askWorker(worker, question)));
    return answers.filter((answer) => answer !== undefined) as Answer[];
  }

  const http = await serveHttp({
    listen: httpListen,
    metrics: {
      contentType: Registry.PROMETHEUS_CONTENT_TYPE,
      async text() {
        const all = [await registry.getMetricsAsJSON(), ...(await ask<object>('metrics'))];
        return AggregatorRegistry.aggregate(all).metrics();
      },
    },
    readiness: async () => {
      const { parts, ready } = joined(await ask<Readiness>('readiness'));
      return { ready, parts, state: isDraining ? 'draining' : ready ? 'serving' : 'starting' };
    },
  });
  logger.info({ httpPort: http.port, workers: workerCount }, 'starting workers');
  for (let i = 0; i < workerCount; i += 1) start();

  await stopSignal(stop.signal);
  isDraining = true;
  policies.stop();
  logger.info('draining workers');
  const ended = [...workers].map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.process.kill('SIGTERM');
  await Promise.all(ended);
  await http.stop();
}

/** Resolves once the daemon is to stop, or cannot start. */
function stopSignal(signal: AbortSignal): Promise<unknown> {
  const signals = ['SIGTERM', 'SIGINT'].map((name) => once(process, name));
  return Promise.race([...signals, once(signal, 'abort')]);
}

/** The daemon is ready if one of its workers is; a part, if no worker that answers lacks it. */
function joined(answers: readonly Readiness[]): Pick<Readiness, 'ready' | 'parts'> {
  const parts: Record<string, boolean> = {};
  for (const { parts: each } of answers)
    for (const [part, isReady] of Object.entries(each)) parts[part] = isReady && (parts[part] ?? true);
  return { ready: answers.some(({ ready }) => ready), parts };
}
