import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../../daemon/redis/nodes';
import { Refusal } from '../console/refusal';
import { REDIS_SERVER } from '../install/install';
import { findProgram } from '../install/programs';
import { type Running, waitUntilReady } from '../processes/processes';
import { startContainer } from './containers';
import { choosePort } from './ports';
import { openClient } from './redis_client';
import type { PrivateServer, ServerWish } from './server';

const IMAGE = 'redis:8';

/** A server of a few hundred megabytes has read its append-only file long before. */
const START_BOUND_MS = 60_000;

/** A server that is there answers a PING in far less. */
const PING_BOUND_MS = 3_000;

type RedisWish = ServerWish & {
  name?: string;
  /** Added to those of every private Redis. */
  settings?: Readonly<Record<string, string>>;
};

/** Starts a private Redis on a free loopback port, with its append-only file in the folder, and waits until it answers. */
export async function startRedis(wish: RedisWish): Promise<PrivateServer> {
  const { supervisor, folder, firstPort, name = 'redis', settings = {} } = wish;
  const port = await choosePort({ folder, name, first: firstPort });
  const running = await launchRedis({ supervisor, folder, port, name, settings });
  const url = `redis://127.0.0.1:${port}`;
  await waitUntilReady(running, () => answers(url), START_BOUND_MS);
  return { url, port };
}

type Place = Required<Pick<RedisWish, 'supervisor' | 'folder' | 'name' | 'settings'>> & { port: number };

/** The machine's own program, otherwise a container: each with its own data, as one may be older than the other. */
async function launchRedis({ supervisor, folder, port, name, settings }: Place): Promise<Running> {
  const command = findProgram(...REDIS_SERVER.programs);
  const data = join(folder, command === undefined ? `${name}_container` : name);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  if (command !== undefined) {
    const args = redisArguments({ ...settings, bind: '127.0.0.1', port: String(port), dir: data });
    return supervisor.launch({ name, folder, command, args, cwd: data });
  }
  return startContainer(supervisor, {
    name,
    image: IMAGE,
    folder,
    port,
    inside: { port: 6379, data: '/data' },
    data,
    options: [],
    // It sees the host as another machine; the port is published on loopback alone.
    command: ['redis-server', ...redisArguments({ ...settings, 'protected-mode': 'no', dir: '/data' })],
  });
}

/** Refuses if no Redis answers at the URL. The URL may hold a password, so it is not shown. */
export async function requireRedis(url: string): Promise<void> {
  if (await answers(url)) return;
  throw new Refusal(
    'No Redis answers at REDIS_URL. Start it, correct the URL, or unset it for a private server.',
  );
}

function redisArguments(place: Readonly<Record<string, string>>): string[] {
  return Object.entries({
    ...place,
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

function newClient(url: string): Database | undefined {
  try {
    return openClient(url, {
      lazyConnect: true,
      connectTimeout: PING_BOUND_MS,
      commandTimeout: PING_BOUND_MS,
      enableReadyCheck: false,
    });
  } catch {
    return undefined;
  }
}
