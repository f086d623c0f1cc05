import { until } from '../../helpers/wait';
import { inside } from '../docker';

export const NODES = ['redis-1', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'] as const;

/** A server, as another one knows it. */
export interface Node {
  readonly id: string;
  /** Its service. */
  readonly name: string;
  readonly isMaster: boolean;
  readonly hasFailed: boolean;
  /** How many slots it owns. */
  readonly slotCount: number;
}

/** Runs redis-cli in the container of a server, as an operator: what it prints. Throws if it fails. */
export async function redisCli(service: string, ...args: readonly string[]): Promise<string> {
  const run = 'REDISCLI_AUTH=$(cat /run/secrets/redis_password) redis-cli --no-auth-warning "$@"';
  const { code, text } = await inside(service, 'sh', '-c', run, 'redis-cli', ...args);
  if (code !== 0) throw new Error(`redis-cli ${args.join(' ')}: ${text}`);
  return text.trim();
}

/** All servers, as this one knows them. */
export async function nodesOf(service: string): Promise<Node[]> {
  const lines = (await redisCli(service, 'CLUSTER', 'NODES')).split('\n');
  return lines.map((line) => {
    const [id = '', address = '', flags = '', , , , , , ...slots] = line.trim().split(' ');
    return {
      id,
      name: address.split(',')[1] ?? '',
      isMaster: flags.includes('master'),
      hasFailed: /\bfail\??/.test(flags),
      slotCount: slots.reduce((sum, range) => sum + sizeOf(range), 0),
    };
  });
}

/** "5", "0-5460", or "[5->-ID]" for one that moves. */
function sizeOf(range: string): number {
  if (range.startsWith('[')) return 0;
  const [first = '', last = first] = range.split('-');
  return Number(last) - Number(first) + 1;
}

/** Waits until every server, seen from this one, answers, and all slots are served by this many masters. */
export async function settled(service: string, { masters = 3, nodes = NODES.length } = {}): Promise<void> {
  await until('the Cluster to be whole', async () => {
    const all = await nodesOf(service).catch(() => []);
    const owners = all.filter(({ slotCount }) => slotCount > 0);
    return (
      all.length === nodes &&
      all.every(({ hasFailed }) => !hasFailed) &&
      owners.length === masters &&
      owners.reduce((sum, { slotCount }) => sum + slotCount, 0) === 16_384
    );
  });
}

/** Waits until each replica has what its master has written by now. */
export async function replicated(): Promise<void> {
  const masters = (await nodesOf('redis-1')).filter(({ slotCount }) => slotCount > 0);
  await Promise.all(
    masters.map(async ({ name }) => {
      const replication = () => redisCli(name, 'INFO', 'replication');
      const written = Number(/^master_repl_offset:(\d+)/m.exec(await replication())?.[1]);
      await until(`a replica of ${name} to have all of it`, async () => {
        const offsets = [...(await replication()).matchAll(/^slave\d+:.*offset=(\d+)/gm)];
        return offsets.length > 0 && offsets.every(([, offset]) => Number(offset) >= written);
      });
    }),
  );
}
