import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type LogLine, listeningPort, stopProcess } from './processes';

const MAIN = join(__dirname, '../../dist/web/main.js');

/** What the sites of tests sign with. */
export const SESSION_SECRET = 'only-for-this-test-only-for-this-test';

/** A web tier of its own process, as it runs in production. */
export interface TestWeb {
  readonly url: string;
  /** The address of its metrics: http://HOST:PORT/metrics. */
  readonly metricsUrl: string;
  readonly log: readonly LogLine[];
  readonly process: ChildProcess;
  stop(): Promise<number | null>;
}

/** Starts a web tier from the build, on a free port; resolves once it listens. */
export async function startWeb({
  mysqlUrl,
  quotaTarget,
  env: added = {},
}: {
  mysqlUrl: string;
  quotaTarget: string;
  env?: Record<string, string>;
}): Promise<TestWeb> {
  const env = {
    PATH: process.env.PATH,
    MYSQL_URL: mysqlUrl,
    QUOTA_TARGET: quotaTarget,
    WEB_LISTEN: '127.0.0.1:0',
    WEB_METRICS_LISTEN: '127.0.0.1:0',
    SESSION_SECRET,
    ...added,
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log: LogLine[] = [];
  const port = await listeningPort(child, { log, message: 'the web tier is listening' });
  const metricsPort = log.find((line) => line.metricsPort !== undefined)?.metricsPort;
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    log,
    process: child,
    stop: () => stopProcess(child),
  };
}
