import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import { until } from './wait';

const EXAMPLES = join(__dirname, '../../docs/envoy');

/** The fixtures and the example are of this version. */
const VERSION = '/1.40.';

const program = process.env.ENVOY_PATH ?? 'envoy';

/** Tests that need Envoy 1.40, as `envoy` or under ENVOY_PATH; skipped, which the report shows, without it. */
export const describeWithEnvoy = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout?.includes(
  VERSION,
)
  ? describe
  : describe.skip;

/** The policies of the example. */
export const ENVOY_POLICIES = readFileSync(join(EXAMPLES, 'policies.yaml'), 'utf8');

/** The configuration of the example. */
export const ENVOY_CONFIG = readFileSync(join(EXAMPLES, 'envoy.yaml'), 'utf8');

/** An Envoy in its own process. */
export interface TestEnvoy {
  /** Where it serves: http://HOST:PORT. */
  readonly url: string;
  stop(): Promise<void>;
}

export interface TestEnvoyOptions {
  /** HOST:PORT of the daemon. */
  readonly daemon: string;
  /** The port of the application behind it. */
  readonly application: number;
  /** Changes the example's text. */
  readonly change?: (config: string) => string;
}

/** Starts Envoy with the example's configuration and these addresses; resolves once it listens. */
export async function startEnvoy({
  daemon,
  application,
  change = (config) => config,
}: TestEnvoyOptions): Promise<TestEnvoy> {
  const folder = mkdtempSync(join(tmpdir(), 'quota-envoy-'));
  const adminFile = join(folder, 'admin');
  const file = join(folder, 'envoy.yaml');
  const [, daemonPort] = daemon.split(':');
  const config = change(ENVOY_CONFIG)
    .replace('address: 0.0.0.0, port_value: 8080', 'address: 127.0.0.1, port_value: 0')
    .replace('port_value: 3000', `port_value: ${application}`)
    .replace('port_value: 50051', `port_value: ${daemonPort}`);
  const admin = 'admin: { address: { socket_address: { address: 127.0.0.1, port_value: 0 } } }';
  writeFileSync(file, `${admin}\n${config}`);
  const child = spawn(
    program,
    [
      ...['-c', file, '--admin-address-path', adminFile, '--disable-hot-restart'],
      ...['--concurrency', '1', '--log-level', 'warning'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = once(child, 'exit').finally(() => rmSync(folder, { recursive: true, force: true }));
  const log = logOf(child);
  const url = await listenerOf(adminFile, () => {
    if (child.exitCode !== null) throw new Error(`Envoy ended with ${child.exitCode}:\n${log()}`);
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function logOf({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

/** Where the listener is, once it serves. */
async function listenerOf(adminFile: string, assertRunning: () => void): Promise<string> {
  let address: string | undefined;
  await until('Envoy listens', async () => {
    assertRunning();
    if (!existsSync(adminFile)) return false;
    address = await askListener(readFileSync(adminFile, 'utf8'));
    return address !== undefined;
  });
  return `http://${address}`;
}

async function askListener(admin: string): Promise<string | undefined> {
  const ready = await fetch(`http://${admin}/ready`).catch(() => undefined);
  if (ready?.status !== 200) return undefined;
  const listeners = await fetch(`http://${admin}/listeners`);
  return /^shop::(\S+)/m.exec(await listeners.text())?.[1];
}

/** An application that answers each request with 200, and the path. */
export interface TestApplication {
  readonly port: number;
  /** How many requests it has answered. */
  readonly answeredCount: () => number;
  stop(): Promise<void>;
}

export async function startApplication(): Promise<TestApplication> {
  let answeredCount = 0;
  const server: Server = createServer((request, response) => {
    answeredCount += 1;
    response.end(`${request.url}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    answeredCount: () => answeredCount,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
