import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import { captureAdmission } from '../redis/capture';
import { benchmarkedPerSecond } from '../redis/redis_benchmark';
import { costOf } from './load';
import { onStage } from './stage';

/** As the daemon's own, but for a second: a window of ten minutes has a zero in its bytes, which redis-benchmark cannot send. */
const POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    limits:
      - { name: per-window, algorithm: sliding-window, limit: 10, window: 601s }
`;

/** So many that nearly all are admitted. */
const SUBJECTS = 1_000_000;

const COUNT = 100_000;
const QUICK_COUNT = 5_000;

const BATCHES = 8;
const CONNECTIONS = 4;

/** How near BatchAdmit comes to what Redis can do with a script call for each admission. */
export function measurePipeline(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('pipeline');
    const daemon = await stage.daemon({ name: 'pipeline', redis, policies: POLICIES });
    const generator = stage.generator();
    const caller = stage.caller(daemon.target);
    const count = bench.isQuick ? QUICK_COUNT : COUNT;
    const load = {
      target: daemon.target,
      call: 'batch',
      concurrency: BATCHES,
      connections: CONNECTIONS,
      durationMs: loadMsOf(bench),
    } as const;

    async function batchStep(turn: number) {
      const order = { ...load, subjects: { prefix: `p${turn}-`, count: SUBJECTS } };
      const cost = await costOf(generator, order, { serverPid: daemon.pid, redis });
      return { batch: cost.perSecond, daemon: cost.serverUs, redis: cost.redisUs, client: cost.clientUs };
    }

    async function benchmarkStep() {
      const template = await captureAdmission(redis, caller);
      const resume = daemon.freeze();
      const counts = { count, subjects: SUBJECTS };
      const benchmark = await benchmarkedPerSecond(redis, template, counts).finally(resume);
      // Frozen just now, the daemon answers when it has found its store again.
      await captureAdmission(redis, caller);
      return { benchmark };
    }

    const measured = await interleave<string>(roundsOf(bench), [batchStep, benchmarkStep]);
    const series = (name: string) => measured[name] ?? [];
    return {
      'pipeline.batch': {
        rounds: ratiosOf(series('batch'), series('benchmark')),
        parts: {
          'BatchAdmit decisions/s': series('batch'),
          'redis-benchmark calls/s': series('benchmark'),
          'daemon µs': series('daemon'),
          'Redis µs': series('redis'),
          'client µs': series('client'),
        },
      },
    };
  });
}
