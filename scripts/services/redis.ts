import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { programFor, REDIS_SERVER } from './install';
import { choosePort } from './ports';
import { waitUntilReady } from './processes';
import { Refusal } from './refusal';
import type { PrivateServer, ServerWish } from './server';

/** A server of a few hundred megabytes has read its append-only file long before. */
const START_BOUND_MS = 60_000;

/** A server that is there answers a PING in far less. */
const PING_BOUND_MS = 3_000;

/** Starts a private Redis on a free loopback port, with its append-only file in the folder, and waits until it answers. */
export async function startRedis(wish: ServerWish & { name?: string }): Promise<PrivateServer> {
  const { supervisor, folder, firstPort, name = 'redis' } = wish;
  const data = join(folder, name);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const port = await choosePort({ folder, name, first: firstPort });
  const running = supervisor.launch({
    name,
    folder,
    command: programFor(REDIS_SERVER),
    args: redisArguments({ data, port }),
    cwd: data,
  });
  const url = `redis://127.0.0.1:${port}`;
  await waitUntilReady(running, () => answers(url), START_BOUND_MS);
  return { url, port };
}

/** Refuses where no Redis answers at the URL. The URL may hold a password, so it is not shown. */
export async function requireRedis(url: string): Promise<void> {
  if (await answers(url)) return;
  throw new Refusal(
    'No Redis answers at REDIS_URL. Start it, correct the URL, or unset it for a private server.',
  );
}

function redisArguments({ data, port }: { data: string; port: number }): string[] {
  return Object.entries({
    bind: '127.0.0.1',
    port: String(port),
    dir: data,
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    // A large set that expires is freed beside the traffic, and not in its way.
    'lazyfree-lazy-expire': 'yes',
    save: '',
    daemonize: 'no',
  }).flatMap(([name, value]) => [`--${name}`, value]);
}

async function answers(url: string): Promise<boolean> {
  const client = newClient(url);
  if (client === undefined) return false;
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

function newClient(url: string): Redis | undefined {
  try {
    return new Redis(url, {
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: PING_BOUND_MS,
      commandTimeout: PING_BOUND_MS,
      enableReadyCheck: false,
    });
  } catch {
    return undefined;
  }
}
