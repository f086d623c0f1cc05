import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LogLine, listeningPort, stopProcess } from './processes';
import { type ClientCredentials, createQuotaClient, type QuotaClient } from './quota_client';

const MAIN = join(__dirname, '../../dist/daemon/main.js');

/** A daemon of its own process, as it runs in production. */
export interface TestDaemon {
  readonly target: string;
  /** Where its metrics and probes are: http://HOST:PORT. */
  readonly httpUrl: string;
  readonly client: QuotaClient;
  /** Replaces the policies file; the daemon takes it by itself. */
  writePolicies(text: string): void;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** Asks it to stop, and waits; the exit code, or null where a signal ended it. */
  stop(): Promise<number | null>;
}

export interface TestDaemonOptions {
  readonly redisUrl: string;
  readonly prefix?: string;
  /** A policies file's text; the project's own file unless given. */
  readonly policies?: string;
  readonly env?: Record<string, string>;
  /** What the client shows of itself. */
  readonly credentials?: ClientCredentials;
}

/** Starts a daemon from the build, on a free port; resolves once it listens. */
export async function startDaemon({
  redisUrl,
  prefix = '',
  policies,
  env = {},
  credentials,
}: TestDaemonOptions): Promise<TestDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'quota-daemon-'));
  const file = join(directory, 'policies.yaml');
  if (policies !== undefined) writeFileSync(file, policies);
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      QUOTA_KEY_PREFIX: prefix,
      QUOTA_LISTEN: '127.0.0.1:0',
      QUOTA_HTTP_LISTEN: '127.0.0.1:0',
      ...(policies === undefined ? {} : { QUOTA_POLICIES: file }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  // The daemon goes on watching its policies file, so that stays as long as the daemon.
  child.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const port = await listeningPort(child, { log, message: 'listening' });
  const target = `127.0.0.1:${port}`;
  // A Redis of the test's own, which needs no prefix, is there to fail: its test wants to see every failure.
  const client = createQuotaClient(target, { asksOnce: prefix === '', ...credentials });
  return {
    target,
    httpUrl: `http://127.0.0.1:${log.find(({ httpPort }) => httpPort)?.httpPort}`,
    client,
    writePolicies: (text) => writeFileSync(file, text),
    process: child,
    log,
    stop() {
      client.close();
      return stopProcess(child);
    },
  };
}
