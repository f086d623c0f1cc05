// First: what is required before it cannot be traced.
import './telemetry/tracing';
import cluster from 'node:cluster';
import { ConfigInvalid } from '../environment/config_invalid';
import { ListenFailed } from '../environment/listen';
import { type Config, readConfig } from './config';
import { startDaemon } from './daemon';
import { openPoliciesFile } from './policies_file';
import { StoreMismatch, StoreUnsafe } from './quota/errors';
import { RecordingUnusable } from './recording/recording';
import { AuditTrailUnusable } from './telemetry/audit_trail';
import { type Log, openLog } from './telemetry/logger';
import { newLogSecret } from './telemetry/subject_hash';
import { runPrimary } from './workers/primary';

async function main(): Promise<void> {
  const config = readConfig();
  const output = openLog({ level: config.logLevel, isTerminal: process.stdout.isTTY });
  if (cluster.isPrimary && config.workers > 1) await runWorkers(config, output);
  else await runDaemon(config, output);
  await output.close();
}

/** Runs one daemon in each of several processes, until the signal to stop. */
async function runWorkers(
  { workers, logSecret, httpListen, policiesFile: file }: Config,
  { logger }: Log,
): Promise<void> {
  // Or each worker would make a secret of its own.
  const environment = logSecret === undefined ? { QUOTA_LOG_SECRET: newLogSecret() } : undefined;
  await runPrimary({
    workerCount: workers,
    environment,
    httpListen,
    openPolicies: (onReload) => openPoliciesFile({ file, logger, onReload }),
    logger,
  });
}

/** Runs the daemon in this process, until the signal to stop. */
async function runDaemon(config: Config, output: Log): Promise<void> {
  const { logger } = output;
  const daemon = await startDaemon({ config, output, fail });
  const signal = await nextSignal();
  logger.info({ signal }, 'draining');
  const finished = await daemon.drain();
  await daemon.stop();
  logger.info({ finished }, 'stopped');
}

/** The signal to stop; a worker stops as well if its primary is gone. */
function nextSignal(): Promise<NodeJS.Signals | 'disconnect'> {
  return new Promise((resolve) => {
    if (cluster.isWorker) process.once('disconnect', () => resolve('disconnect'));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}

/** Logs why the daemon cannot run: what an operator can fix in plain words, anything else with its stack. */
function fail(error: unknown): never {
  if (
    error instanceof ConfigInvalid ||
    error instanceof StoreMismatch ||
    error instanceof StoreUnsafe ||
    error instanceof ListenFailed ||
    error instanceof AuditTrailUnusable ||
    error instanceof RecordingUnusable
  ) {
    console.error(`quota-daemon: ${error.message}`);
  } else {
    console.error('quota-daemon:', error);
  }
  process.exit(1);
}

main().then(() => process.exit(), fail);
