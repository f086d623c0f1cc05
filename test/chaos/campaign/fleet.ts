import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import { QuotaServiceClient } from '../../../gen/quota/v1/quota_service';
import { startDaemon, type TestDaemon } from '../../helpers/daemon';
import { freePort } from '../../helpers/ports';
import { POLICY_VERSIONS, TOKENS } from './policies';
import { noteStops } from './stops';

/** A daemon that is restarted after every end. */
export interface Post {
  /** The daemon that stands here now. */
  readonly daemon: TestDaemon;
  /** One of its connections. */
  client(which: number): QuotaServiceClient;
  writePolicies(version: number): void;
  /** Ends it at once, and starts another after a time. */
  kill(ms: number): Promise<void>;
  /** Stops all of its processes for a time. */
  freeze(ms: number): Promise<void>;
  /** For how long in all it has been stopped so since a moment of `performance.now()`, in milliseconds. */
  stoppedSinceMs(momentMs: number): number;
  /** Asks it to stop, waits until it has, and starts another. */
  drain(ms: number): Promise<void>;
  /** Ends one of its workers; false if it has none. */
  killWorker(which: number): boolean;
  stop(): Promise<void>;
}

export interface PostOptions {
  readonly redisUrl: string;
  readonly recordFolder: string;
  readonly accessPath: string;
  readonly workers: number;
}

const CONNECTIONS = 3;

const CHANNELS_TO_SELF = { 'grpc.use_local_subchannel_pool': 1, 'grpc.initial_reconnect_backoff_ms': 100 };

export async function openPost({ redisUrl, recordFolder, accessPath, workers }: PostOptions): Promise<Post> {
  // Always the same: workers that are all replaced would choose another.
  const listen = `127.0.0.1:${await freePort()}`;
  let version = 0;
  let daemon: TestDaemon;
  let clients: QuotaServiceClient[] = [];
  /** Those that were killed may have workers that still drain. */
  const former: TestDaemon[] = [];
  const stops = noteStops();

  async function start(): Promise<void> {
    daemon = await startDaemon({
      redisUrl,
      policies: policiesOf(version),
      env: {
        QUOTA_LISTEN: listen,
        QUOTA_RECORD_FOLDER: recordFolder,
        QUOTA_ACCESS: accessPath,
        QUOTA_LOG_SECRET: 'a secret of all daemons',
        QUOTA_WORKERS: String(workers),
      },
      credentials: { token: TOKENS.clients },
    });
    for (const client of clients) client.close();
    clients = Array.from(
      { length: CONNECTIONS },
      () => new QuotaServiceClient(daemon.target, credentials.createInsecure(), CHANNELS_TO_SELF),
    );
  }

  function workerPids(): number[] {
    const pids = daemon.log.filter(({ msg }) => msg === 'listening').map(({ pid }) => Number(pid));
    return pids.filter((pid) => pid !== daemon.process.pid && isAlive(pid));
  }

  function signalAll(signal: NodeJS.Signals): void {
    for (const pid of [...workerPids(), daemon.process.pid ?? 0]) signalTo(pid, signal);
  }

  await start();
  return {
    get daemon() {
      return daemon;
    },
    client(which) {
      const client = clients[which % clients.length];
      if (client === undefined) throw new Error('there is no client');
      return client;
    },
    writePolicies(next) {
      version = next;
      // Its file goes with a daemon; the next one begins with this version.
      if (isRunning(daemon)) daemon.writePolicies(policiesOf(version));
    },
    async kill(ms) {
      former.push(daemon);
      const exited = once(daemon.process, 'exit');
      signalAll('SIGKILL');
      await exited;
      await pause(ms);
      await start();
    },
    async freeze(ms) {
      const end = stops.begin();
      signalAll('SIGSTOP');
      await pause(ms);
      signalAll('SIGCONT');
      end();
    },
    stoppedSinceMs: stops.sinceMs,
    async drain(ms) {
      former.push(daemon);
      await daemon.stop();
      await pause(ms);
      await start();
    },
    killWorker(which) {
      const pids = workerPids();
      const pid = pids[which % pids.length];
      if (pid === undefined) return false;
      signalTo(pid, 'SIGKILL');
      return true;
    },
    async stop() {
      for (const client of clients) client.close();
      for (const each of [...former, daemon]) {
        await each.stop();
        const lines = each.log.map((line) => `${JSON.stringify(line)}\n`);
        writeFileSync(join(recordFolder, `daemon-${each.process.pid}.log`), lines.join(''));
      }
    },
  };
}

function isRunning({ process }: TestDaemon): boolean {
  return process.exitCode === null && process.signalCode === null;
}

function policiesOf(version: number): string {
  return POLICY_VERSIONS[version % POLICY_VERSIONS.length] ?? POLICY_VERSIONS[0];
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
