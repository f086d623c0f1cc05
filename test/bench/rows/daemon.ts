import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/settings/paths';
import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import type { Measurement } from '../figures/figure';
import { ratiosOf, sumsOf } from '../figures/statistics';
import { ENVOY_MAPPING } from '../load/envoy_mapping';
import type { BenchRedis } from '../processes/redis';
import { scriptCallsWith } from '../redis/slow_log';
import type { Generator } from './generator';
import { costOf } from './load';
import { onStage, type Peer } from './stage';

const CONCURRENCY = 50;
const CONNECTIONS = 4;

/** Batches that are being answered at once: enough to keep the daemon busy. */
const BATCHES = 8;

/** So many that none of them takes all of its limit within a round. */
const SUBJECTS = 100_000;

/** What a decision costs in the daemon, beside servers that do less. */
export function measureDaemon(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('daemon');
    const flexibleRedis = await stage.redis('flexible');
    const place: Place = {
      redis,
      flexibleRedis,
      daemon: await stage.daemon({ name: 'cpu', redis, policies: policies() }),
      empty: await stage.empty(),
      flexible: await stage.flexible(flexibleRedis),
      generator: stage.generator(),
      durationMs: loadMsOf(bench),
    };
    const us = await interleave<string>(roundsOf(bench), stepsOf(place));
    return figuresOf((name) => us[name] ?? []);
  });
}

/** The daemon's own policies, and which of them decides for Envoy. */
function policies(): string {
  return readFileSync(join(root, 'daemon', 'policies.yaml'), 'utf8') + ENVOY_MAPPING;
}

interface Place {
  readonly redis: BenchRedis;
  readonly flexibleRedis: BenchRedis;
  readonly daemon: Peer;
  readonly empty: Peer;
  readonly flexible: Peer;
  readonly generator: Generator;
  readonly durationMs: number;
}

/** The loads of a round: what calls, whom, and what it is called in the results. */
function stepsOf({ redis, flexibleRedis, daemon, empty, flexible, generator, durationMs }: Place) {
  const unary = { call: 'admit', concurrency: CONCURRENCY, connections: CONNECTIONS, durationMs } as const;
  const batch = { ...unary, call: 'batch', concurrency: BATCHES } as const;
  const recordCall = { ...unary, call: 'record-call' } as const;
  const envoy = { ...unary, call: 'envoy' } as const;
  type Load = typeof unary | typeof batch | typeof recordCall | typeof envoy;

  const step =
    (name: string, load: Load, { pid, target }: Peer, store?: BenchRedis) =>
    async (turn: number) => {
      const subjects = { prefix: `${load.call}-${turn}-`, count: SUBJECTS };
      const order = { ...load, target, subjects };
      const cost = await costOf(generator, order, { serverPid: pid, redis: store });
      return { [name]: cost.serverUs, [`${name} redis`]: cost.redisUs, [`${name} client`]: cost.clientUs };
    };

  async function deniedStep(turn: number) {
    const { target, pid } = daemon;
    const subjects = { prefix: `denied-${turn}-`, count: 1 };
    // Takes all there is, so that what is measured is denied from the first call on.
    await generator.closed({ ...batch, target, subjects, concurrency: 1, count: 1 });
    const { result: cost, count } = await scriptCallsWith(redis.client, subjects.prefix, () =>
      costOf(generator, { ...unary, target, subjects }, { serverPid: pid, redis }),
    );
    const { admitted, elapsedMs } = cost.result;
    if (admitted > 0) throw new Error('what should be denied was admitted');
    // Of so many calls one opens the first interval and does not end one.
    const callsPerSecond = Math.max(0, count - 1) / (elapsedMs / 1000);
    return { denied: cost.serverUs, 'denied client': cost.clientUs, 'denied calls': callsPerSecond };
  }

  return [
    step('empty', unary, empty),
    step('unary', unary, daemon, redis),
    deniedStep,
    step('flexible', unary, flexible, flexibleRedis),
    step('empty batch', batch, empty),
    step('batch', batch, daemon, redis),
    step('empty record call', recordCall, empty),
    step('record call', recordCall, daemon, redis),
    step('empty envoy', envoy, empty),
    step('envoy', envoy, daemon, redis),
  ];
}

function figuresOf(us: (name: string) => number[]): Measured {
  const toEmpty = (name: string, empty: string): Measurement => ({
    rounds: ratiosOf(us(name), us(empty)),
    parts: { 'daemon µs': us(name), 'empty µs': us(empty), 'client µs': us(`${name} client`) },
  });
  const toFlexible = (name: string): Measurement => ({
    rounds: ratiosOf(sumsOf(us(name), us(`${name} redis`)), sumsOf(us('flexible'), us('flexible redis'))),
    parts: {
      'daemon µs': us(name),
      'Redis µs': us(`${name} redis`),
      'flexible µs': us('flexible'),
      'its Redis µs': us('flexible redis'),
      'client µs': us(`${name} client`),
      'its client µs': us('flexible client'),
    },
  });
  return {
    'daemon.unary': toEmpty('unary', 'empty'),
    'daemon.cached-denial': toEmpty('denied', 'empty'),
    'daemon.cached-denial-calls': { rounds: us('denied calls') },
    'daemon.batch': toEmpty('batch', 'empty batch'),
    'daemon.flexible': toFlexible('unary'),
    'daemon.flexible-batch': toFlexible('batch'),
    'daemon.record-call': toEmpty('record call', 'empty record call'),
    'daemon.envoy': toEmpty('envoy', 'empty envoy'),
  };
}
