import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import type { Measurement } from '../figures/figure';
import { ratiosOf, sumsOf } from '../figures/statistics';
import { startBenchDaemon } from '../processes/daemon';
import { startHelper } from '../processes/helper';
import { startBenchRedis } from '../processes/redis';
import { scriptCallsWith } from '../redis/slow_log';
import { startGenerator } from './generator';
import { costOf } from './load';

const CONCURRENCY = 50;
const CONNECTIONS = 4;

/** Batches that are being answered at once: enough to keep the daemon busy. */
const BATCHES = 8;

/** So many that none of them takes all of its limit within a round. */
const SUBJECTS = 100_000;

const EMPTY_SERVER = '../peers/empty_server.js';
const FLEXIBLE_SERVER = '../peers/flexible_server.js';

/** What a decision costs in the daemon, beside servers that do less. */
export async function measureDaemon(bench: Bench): Promise<Measured> {
  const redis = await startBenchRedis(bench, 'redis_daemon');
  const flexibleRedis = await startBenchRedis(bench, 'redis_flexible');
  const daemon = await startBenchDaemon(bench, { name: 'daemon_cpu', redis });
  const empty = startHelper<string, string>(EMPTY_SERVER);
  const flexible = startHelper<string, string>(FLEXIBLE_SERVER, [flexibleRedis.url]);
  const generator = startGenerator();

  const durationMs = loadMsOf(bench);
  const unary = { call: 'admit', concurrency: CONCURRENCY, connections: CONNECTIONS, durationMs } as const;
  const batch = { call: 'batch', concurrency: BATCHES, connections: CONNECTIONS, durationMs } as const;
  const recordCall = { ...unary, call: 'record-call' } as const;
  const many = (prefix: string) => ({ prefix, count: SUBJECTS });
  const ours = { serverPid: daemon.pid, redis };
  const { target } = daemon;
  const emptyTarget = await empty.ask('where');
  const flexibleTarget = await flexible.ask('where');

  const steps = [
    async () => {
      const order = { ...unary, target: emptyTarget, subjects: many('e-') };
      const cost = await costOf(generator, order, { serverPid: empty.pid });
      return { empty: cost.serverUs, 'empty client': cost.clientUs };
    },
    async (round: number) => {
      const cost = await costOf(generator, { ...unary, target, subjects: many(`u${round}-`) }, ours);
      return { unary: cost.serverUs, 'unary redis': cost.redisUs, 'unary client': cost.clientUs };
    },
    async (round: number) => {
      const subjects = { prefix: `denied-${round}-`, count: 1 };
      // Takes all there is, so that what is measured is denied from the first call on.
      await generator.closed({ ...batch, target, subjects, concurrency: 1, count: 1 });
      const { result: cost, count } = await scriptCallsWith(redis.client, subjects.prefix, () =>
        costOf(generator, { ...unary, target, subjects }, ours),
      );
      const { admitted, elapsedMs } = cost.result;
      if (admitted > 0) throw new Error('what should be denied was admitted');
      const calls = count / (elapsedMs / 1000);
      return { denied: cost.serverUs, 'denied calls': calls, 'denied client': cost.clientUs };
    },
    async () => {
      const order = { ...batch, target: emptyTarget, subjects: many('e-') };
      const cost = await costOf(generator, order, { serverPid: empty.pid });
      return { 'empty batch': cost.serverUs, 'empty batch client': cost.clientUs };
    },
    async (round: number) => {
      const cost = await costOf(generator, { ...batch, target, subjects: many(`b${round}-`) }, ours);
      return { batch: cost.serverUs, 'batch redis': cost.redisUs, 'batch client': cost.clientUs };
    },
    async (round: number) => {
      const order = { ...unary, target: flexibleTarget, subjects: many(`f${round}-`) };
      const cost = await costOf(generator, order, { serverPid: flexible.pid, redis: flexibleRedis });
      return {
        flexible: cost.serverUs,
        'flexible redis': cost.redisUs,
        'flexible client': cost.clientUs,
      };
    },
    async (round: number) => {
      const cost = await costOf(generator, { ...recordCall, target, subjects: many(`c${round}-`) }, ours);
      return { 'record call': cost.serverUs, 'record call redis': cost.redisUs };
    },
    async () => {
      const order = { ...recordCall, target: emptyTarget, subjects: many('e-') };
      return { 'empty record call': (await costOf(generator, order, { serverPid: empty.pid })).serverUs };
    },
  ];

  try {
    const us = await interleave<string>(roundsOf(bench), steps);
    return figuresOf((name) => us[name] ?? []);
  } finally {
    for (const each of [generator, empty, flexible, daemon, redis, flexibleRedis]) await each.stop();
  }
}

function figuresOf(us: (name: string) => number[]): Measured {
  const ratio = (compared: string, base: string): Measurement => ({
    rounds: ratiosOf(us(compared), us(base)),
    parts: { 'daemon µs': us(compared), 'empty µs': us(base), 'client µs': us(`${compared} client`) },
  });
  const flexible = (ours: string): Measurement => ({
    rounds: ratiosOf(sumsOf(us(ours), us(`${ours} redis`)), sumsOf(us('flexible'), us('flexible redis'))),
    parts: {
      'daemon µs': us(ours),
      'its Redis µs': us(`${ours} redis`),
      'flexible µs': us('flexible'),
      'its Redis µs ': us('flexible redis'),
    },
  });
  return {
    'daemon.unary': ratio('unary', 'empty'),
    'daemon.cached-denial': ratio('denied', 'empty'),
    'daemon.cached-denial-calls': { rounds: us('denied calls') },
    'daemon.batch': ratio('batch', 'empty batch'),
    'daemon.flexible': flexible('unary'),
    'daemon.flexible-batch': flexible('batch'),
    'daemon.record-call': {
      rounds: ratiosOf(us('record call'), us('empty record call')),
      parts: {
        'daemon µs': us('record call'),
        'empty µs': us('empty record call'),
        'Redis µs': us('record call redis'),
      },
    },
  };
}
