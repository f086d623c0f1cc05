import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOOPBACK, type Machine } from './machine';
import { type LogLine, listeningPort, stopProcess } from './processes';
import { type ClientCredentials, createQuotaClient, type QuotaClient } from './quota_client';

const MAIN = join(__dirname, '../../dist/daemon/main.js');

/** A daemon in its own process, as in production. */
export interface TestDaemon {
  readonly target: string;
  /** The address of its metrics and probes: http://HOST:PORT. */
  readonly httpUrl: string;
  readonly client: QuotaClient;
  /** Replaces the policies file; the daemon reloads it by itself. */
  writePolicies(text: string): void;
  readonly process: ChildProcess;
  readonly log: readonly LogLine[];
  /** Asks it to stop, and waits; the exit code, or null if a signal ended it. */
  stop(): Promise<number | null>;
}

export interface TestDaemonOptions {
  readonly redisUrl: string;
  readonly prefix?: string;
  /** A policies file's text; the project's own file unless given. */
  readonly policies?: string;
  readonly env?: Record<string, string>;
  /** The client's credentials. */
  readonly credentials?: ClientCredentials;
  /** Where it runs; on this machine's loopback unless given. */
  readonly machine?: Machine;
}

/** Starts a daemon from the build, on a free port; resolves once it listens. */
export async function startDaemon({
  redisUrl,
  prefix = '',
  policies,
  env = {},
  credentials,
  machine = LOOPBACK,
}: TestDaemonOptions): Promise<TestDaemon> {
  const directory = mkdtempSync(join(tmpdir(), 'quota-daemon-'));
  const file = join(directory, 'policies.yaml');
  if (policies !== undefined) writeFileSync(file, policies);
  const listen = `${machine.address}:0`;
  const [program = '', ...args] = [...machine.command, process.execPath, MAIN];
  const child = spawn(program, args, {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: redisUrl,
      QUOTA_KEY_PREFIX: prefix,
      QUOTA_LISTEN: listen,
      QUOTA_HTTP_LISTEN: listen,
      ...(machine !== LOOPBACK && { QUOTA_ALLOW_ANONYMOUS: 'yes-anyone-who-reaches-this-port' }),
      ...(policies === undefined ? {} : { QUOTA_POLICIES: file }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  // The daemon keeps watching its policies file, so the file stays as long as the daemon.
  child.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const port = await listeningPort(child, { log, message: 'listening' });
  const target = `${hostOf(env.QUOTA_LISTEN ?? listen)}:${port}`;
  // A Redis of the test's own, which needs no prefix, is there to fail: its test wants to see every failure.
  const client = createQuotaClient(target, { asksOnce: prefix === '', ...credentials });
  return {
    target,
    httpUrl: `http://${hostOf(env.QUOTA_HTTP_LISTEN ?? listen)}:${log.find(({ httpPort }) => httpPort)?.httpPort}`,
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

function hostOf(listen = '127.0.0.1'): string {
  return listen.replace(/:[0-9]+$/, '');
}
