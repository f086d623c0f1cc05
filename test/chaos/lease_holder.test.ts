import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createKeys } from '../../daemon/redis/keys';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { type Moment, type Step, type SteppingProxy, startSteppingProxy } from '../helpers/stepping_proxy';
import { append, countsOf } from '../helpers/usage';
import { until } from '../helpers/wait';

/** The windows of the daemon's own policies file. */
const WINDOWS_MS = [3, 7].map((days) => days * 86_400_000);

/** How long a lease may last with one partition. Others check each 250 ms whether it has ended, so within two seconds one has it. */
const LONGEST_LEASE_MS = 1_000;

/** More entries than two steps fold. */
const BACKLOG = 400;

interface Seat {
  readonly proxy: SteppingProxy;
  daemon: TestDaemon;
}

let space: RedisSpace;
let seats: Seat[];
const expected = new Map<string, number>();
const keysOf = () => ({ keys: createKeys({ prefix: space.prefix, partitions: 1 }) });

beforeAll(async () => {
  space = openRedisSpace();
  const { hostname: host, port } = new URL(space.url);
  seats = await Promise.all(
    [1, 2].map(async () => {
      const proxy = await startSteppingProxy({ host, port: Number(port) });
      return { proxy, daemon: await start(proxy) };
    }),
  );
});
afterAll(async () => {
  for (const { proxy, daemon } of seats) {
    daemon.process.kill('SIGCONT');
    await daemon.stop();
    await proxy.close();
  }
  await space.close();
});

function start({ port }: SteppingProxy): Promise<TestDaemon> {
  const url = new URL(space.url);
  url.port = String(port);
  return startDaemon({ redisUrl: url.href, prefix: space.prefix });
}

const leaseHolder = async () => (await space.admissions.get(keysOf().keys.usage(0).lease)) ?? '';

/** The daemon that has the lease, by its name in what it sends, and the other one. */
async function seatsByLease(): Promise<{ holder: Seat; other: Seat }> {
  let found: Seat[] = [];
  await until('one of them to have the lease', async () => {
    const id = await leaseHolder();
    found = id === '' ? [] : seats.filter(({ proxy }) => proxy.sent().includes(id));
    return found.length === 1;
  });
  const [holder] = found;
  const other = seats.find((seat) => seat !== holder);
  if (holder === undefined || other === undefined) throw new Error('nobody has the lease');
  return { holder, other };
}

/** Connections of users of whom nobody has heard yet, all in the log at one moment. */
async function connect(name: string): Promise<void> {
  const subjects = Array.from({ length: BACKLOG }, (_, at) => `${name}-${at % (BACKLOG / 2)}`);
  for (const subject of subjects) expected.set(subject, (expected.get(subject) ?? 0) + 1);
  const entries = subjects.map((subject) => ({ subjects: [subject], atMs: Date.now() }));
  await append(space, keysOf(), entries);
}

async function login({ daemon }: Seat, subject: string): Promise<void> {
  await daemon.client.admit({ subject, policy: 'connection' });
  expected.set(subject, (expected.get(subject) ?? 0) + 1);
}

/** Without any question: the daemon that goes on does it by itself. */
async function untilCounted(): Promise<void> {
  const sizes = () => Promise.all(WINDOWS_MS.map(async (ms) => sumOf(await countsOf(space, keysOf(), ms))));
  const total = [...expected.values()].reduce((sum, count) => sum + count, 0);
  await until('all to be counted', async () => (await sizes()).every((size) => size >= total));
}

const sumOf = (counts: Record<string, number>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

async function requireCountedOnce(): Promise<void> {
  for (const { daemon } of seats) await daemon.client.stats({ topCount: 1 });
  for (const windowMs of WINDOWS_MS)
    expect(await countsOf(space, keysOf(), windowMs)).toEqual(Object.fromEntries(expected));
  const { bySubject } = keysOf().keys.calls(0);
  expect(new Set(await space.calls.zrange(bySubject, 0, '-1'))).toEqual(new Set(expected.keys()));
}

/** What the consumer does with a backlog of new users, step by step. */
const STEPS: readonly Omit<Step, 'moment'>[] = [
  { command: 'quota_fold_', nth: 1 },
  { command: 'quota_fold_', nth: 2 },
  { command: 'quota_fold_', nth: 3 },
  { command: 'srandmember', nth: 1 },
  { command: 'zadd', nth: 1 },
  { command: 'srem', nth: 1 },
];
const MOMENTS: readonly Moment[] = ['sent', 'run', 'answered'];
const CASES = STEPS.flatMap(({ command, nth }) => MOMENTS.map((moment) => ({ command, nth, moment })));
const inWords = ({ command, nth, moment }: Step) => `${command} ${nth}, ${moment}`;

describe('a consumer that stops between two steps', () => {
  test.each(CASES.map((step) => [inWords(step), step] as const))(
    '%s: the other daemon takes over, the stopped one does no harm when it goes on, each entry counted once',
    async (name, step) => {
      const { holder, other } = await seatsByLease();
      const former = await leaseHolder();
      const stopped = holder.proxy.stopAt(step, holder.daemon.process);
      await connect(`stopped-${name}`);
      await stopped;
      await login(other, `meanwhile-${name}`);
      await untilCounted();
      const taker = await leaseHolder();

      holder.daemon.process.kill('SIGCONT');
      holder.proxy.release();
      await login(holder, `after-${name}`);
      await login(other, `after-${name}`);
      await untilCounted();

      expect(taker).not.toBe(former);
      await requireCountedOnce();
    },
  );

  // Whether a reply had come is no matter to what a dead process left.
  test.each(
    CASES.filter(({ moment }) => moment !== 'answered').map((step) => [inWords(step), step] as const),
  )('%s: if the holder is killed there, each entry is counted once', async (name, step) => {
    const { holder, other } = await seatsByLease();
    const stopped = holder.proxy.stopAt(step, holder.daemon.process);
    await connect(`killed-${name}`);
    await stopped;
    const exited = once(holder.daemon.process, 'exit');
    holder.daemon.process.kill('SIGKILL');
    // What the network holds comes after the end of its sender.
    holder.proxy.release();
    await exited;
    // It is not renewed any more: the reply of Redis, not a time of this machine, says until when nobody else folds.
    const leaseMs = await space.admissions.pttl(keysOf().keys.usage(0).lease);
    holder.daemon.client.close();
    await login(other, `meanwhile-${name}`);
    await untilCounted();
    holder.daemon = await start(holder.proxy);

    expect(leaseMs).toBeLessThanOrEqual(LONGEST_LEASE_MS);
    await requireCountedOnce();
  });
});
