import { callFunction } from '../../../daemon/redis/library';
import { pack } from '../../../daemon/redis/packing';
import type { Bench, Part } from './battery';

const HOUR_MS = 3_600_000;
const HOUR_US = HOUR_MS * 1000;
const REMEMBER_MS = 100_000;
const KEEP_LOG_MS = 900_000;
const LOG_BYTES = 9000;
const REMEMBERED_US = 5;

type Count = readonly [atUs: number, policy: string, count: number];
type Denied = readonly [subject: string, cost: number, atUs: number];
type Latest = readonly [subject: string, atUs: number];

interface Delivery {
  readonly daemon?: string;
  readonly sequence: number;
  readonly counts?: readonly Count[];
  readonly samples?: readonly (readonly Denied[])[];
  readonly latest?: readonly (readonly Latest[])[];
  readonly hashes?: Readonly<Record<string, string>>;
}

async function deliver({ redis, store: { keys } }: Bench, delivery: Delivery): Promise<void> {
  const { daemon = 'one', sequence, counts = [], samples = [], latest = samples.map(() => []) } = delivery;
  const { hours, delivered, denied } = keys.usage(0);
  const { running, erased } = keys.erasures(0);
  const call = callFunction(redis, 'count_denials', {
    keys: [
      ...[keys.control(0), hours, delivered],
      ...samples.map((_, at) => keys.denials(0, `policy-${at}`)),
      ...samples.map((_, at) => denied(`policy-${at}`)),
      ...[running, erased],
    ],
    args: [
      pack({
        claim: await redis.hget(keys.control(0), 'claim'),
        daemon,
        sequence,
        counts,
        samples,
        latest,
        hashes: delivery.hashes,
        remembered_us: REMEMBERED_US,
        most_denied: 3,
        sample_size: 3,
        keep_hours_ms: 2 * HOUR_MS,
        keep_log_ms: KEEP_LOG_MS,
      }),
    ],
  });
  await call.catch(() => undefined);
}

/** Who was denied last: the latest of each, no more than are kept, and none from a time to come. */
export const latestDenials: Part = async (bench) => {
  const { pass, look } = bench;
  const now = () => bench.nowUs;
  const samples = [[], []];
  await deliver(bench, { sequence: 1, samples, latest: [[['ada', now() - 5]], [['bob', now()]]] });
  await look();
  await pass(10);
  const later = ['ada', 'eve', 'moe', 'dan'].map((subject, at) => [subject, now() - at] as const);
  await deliver(bench, { sequence: 2, samples, latest: [later, [['bob', now() - 20]]] });
  await look();
  await pass(1000);
  await deliver(bench, { sequence: 3, samples, latest: [[['zoe', now() + HOUR_US]], []] });
  await look();
};

/** Late deliveries of those who were erased, one by name and one by hash, and of others: to the microsecond. */
export const lateDenials: Part = async (bench) => {
  const { redis, store, look } = bench;
  const beganUs = bench.nowUs - 1000;
  const { running, erased } = store.keys.erasures(0);
  await redis.hset(running, 'id', pack({ subject: 'ada', begun_us: beganUs }));
  await redis.zadd(erased, beganUs, 'hash of bob', beganUs - 7, 'hash of ada');
  const hashes = { ada: 'hash of ada', bob: 'hash of bob', eve: 'hash of eve' };
  for (const [at, laterUs] of [-1, 0, REMEMBERED_US, REMEMBERED_US + 1].entries()) {
    const atUs = beganUs + laterUs;
    const names = Object.keys(hashes);
    const samples = [names.map((subject) => [subject, 1, atUs] as const)];
    const latest = [names.map((subject) => [subject, atUs] as const)];
    await deliver(bench, { sequence: 1 + at, samples, latest, hashes });
    await look();
  }
  await deliver(bench, { sequence: 9, samples: [[['ada', 1, beganUs]]] });
  await look();
};

/** Deliveries, their repeats, daemons that have ended, hours that are too old or still to come. */
export const denials: Part = async (bench) => {
  const { pass, look } = bench;
  const now = () => bench.nowUs;
  await deliver(bench, {
    sequence: 1,
    counts: [
      [now(), 'a', 2],
      [now() + HOUR_US, 'a', 3],
      [now(), 'b', 1],
    ],
  });
  await look();
  await deliver(bench, { sequence: 1, counts: [[now(), 'a', 2]] });
  await deliver(bench, { daemon: 'two', sequence: 1, counts: [[now() - HOUR_US, 'a', 7]] });
  await deliver(bench, {
    sequence: 2,
    samples: [[], Array.from({ length: 6 }, (_, at) => [`user-${at}`, at + 1, now() - 9 + at] as const)],
  });
  await look();
  await pass(1);
  await deliver(bench, { sequence: 3, samples: [[], [['late', 1, now()]]] });
  for (const us of [HOUR_US, HOUR_US, HOUR_US]) {
    await pass(us);
    await deliver(bench, { sequence: 4 + now() / HOUR_US, counts: [[now(), 'a', 1]] });
    await look();
  }
  await pass(HOUR_US - (now() % HOUR_US) - 500);
  await deliver(bench, { daemon: 'three', sequence: 2, counts: [[now(), 'd', 1]] });
  await look();
  await pass(500);
  await deliver(bench, { daemon: 'three', sequence: 3, counts: [[now(), 'd', 1]] });
  await look();
  await pass(-HOUR_US);
  await deliver(bench, { daemon: 'two', sequence: 2, counts: [[now(), 'c', 1]] });
  await pass(24 * HOUR_US);
  for (const us of [-1, 1, 1, HOUR_US]) {
    await pass(us);
    await deliver(bench, { daemon: `new-${us}-${now()}`, sequence: 1 });
    await look();
  }
};

interface Call {
  readonly subject?: string;
  readonly service?: string;
  readonly callMs?: number;
  readonly id?: string;
  readonly deadlineUs?: number;
}

async function record({ redis, store: { keys } }: Bench, ...calls: Call[]): Promise<void> {
  const { log, bySubject, byService } = keys.calls(0);
  const subjectOf = ({ subject = 'ada' }: Call) => subject;
  const call = callFunction(redis, 'record_calls', {
    keys: [
      ...[keys.control(0), log, bySubject, byService],
      ...calls.map((each) => keys.callRequests(subjectOf(each))),
    ],
    args: [
      pack({
        claim: await redis.hget(keys.control(0), 'claim'),
        entries: calls.map((each) => [
          subjectOf(each),
          each.service ?? 'vente',
          each.callMs ?? -1,
          each.id === undefined ? 0 : 1,
          each.deadlineUs ?? 0,
        ]),
        remember_ms: REMEMBER_MS,
        keep_log_ms: KEEP_LOG_MS,
        log_bytes: LOG_BYTES,
      }),
      Buffer.from(calls.map(({ id = '' }) => id.padEnd(16, '.')).join('')),
    ],
  });
  await call.catch(() => undefined);
}

/** Calls, repeats, ids that are reused, remembered to the millisecond, and forgotten; the log cut to size. */
export const recordedCalls: Part = async (bench) => {
  const { pass, look } = bench;
  await record(
    bench,
    { id: 'one' },
    { id: 'one' },
    { id: 'one', service: 'achat' },
    { id: 'two', service: 'achat' },
  );
  await record(
    bench,
    { subject: 'bob' },
    { subject: 'bob', service: 'achat' },
    { id: 'one', service: 'achat' },
  );
  const nowMs = Math.floor(bench.nowUs / 1000);
  await record(bench, { callMs: 0 }, { callMs: nowMs - 1 }, { callMs: nowMs }, { callMs: nowMs + 1000 });
  await look();
  for (const us of [REMEMBER_MS * 1000 - 1000, 1000, 1000]) {
    await pass(us);
    await record(bench, { id: 'one', subject: 'ada' }, { id: 'two', service: 'achat' });
    await look();
  }
  for (let at = 0; at < 12; at += 1) {
    await pass(1000);
    await record(bench, { id: `id-${at}`, subject: 'cid' });
  }
  await pass(REMEMBER_MS * 1000 - 3000);
  await record(bench, { id: 'new', subject: 'cid' });
  await look();
  await record(bench, ...Array.from({ length: 60 }, (_, at) => ({ subject: `user-${at % 9}` })));
  for (let at = 0; at < 60; at += 1) await record(bench, { subject: `user-${at % 9}` });
  await look();
  await pass((KEEP_LOG_MS + 1) * 1000);
  await record(bench, { subject: 'dan', id: 'dan' });
  await look();
  await pass(-50_000_000);
  await record(bench, { subject: 'dan', id: 'dan' }, { subject: 'dan', id: 'dan', service: 'achat' });
  for (const deadlineUs of [1, bench.nowUs - 1, bench.nowUs, bench.nowUs + 1])
    await record(
      bench,
      { subject: 'fay', deadlineUs },
      { subject: 'fay', id: `at-${deadlineUs % 10}`, deadlineUs },
    );
};

/** Corrupt keys, and a store that is another one: for all that the statistics write. */
export const callFaults: Part = async (bench) => {
  const { redis, store, look } = bench;
  const { log, bySubject, byService } = store.keys.calls(0);
  await redis.set(store.keys.callRequests('bad'), 'x');
  await record(bench, { id: 'a' }, { subject: 'bad', id: 'b' }, { subject: 'bob', id: 'c' });
  for (const key of [log, bySubject, byService]) {
    await redis.set(key, 'x');
    await record(bench, { subject: 'eve' });
    await look();
    await redis.del(key);
  }
  const claim = await redis.hget(store.keys.control(0), 'claim');
  const call = (name: string, keys: string[]) =>
    callFunction(redis, name, { keys, args: [pack({ claim: `${claim}!`, entries: [] }), ''] }).catch(
      () => undefined,
    );
  await call('fold', [store.keys.control(0)]);
  await call('count_denials', [store.keys.control(0)]);
  await call('record_calls', [store.keys.control(0)]);
};
