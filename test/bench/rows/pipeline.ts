import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import { startBenchDaemon } from '../processes/daemon';
import { startBenchRedis } from '../processes/redis';
import { captureAdmission } from '../redis/capture';
import { benchmarkedPerSecond } from '../redis/redis_benchmark';
import { openCaller } from './calls';
import { startGenerator } from './generator';
import { costOf } from './load';

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
export async function measurePipeline(bench: Bench): Promise<Measured> {
  const redis = await startBenchRedis(bench, 'redis_pipeline');
  const daemon = await startBenchDaemon(bench, { name: 'daemon_pipeline', redis, policies: POLICIES });
  const generator = startGenerator();
  const caller = openCaller(daemon.target);
  const count = bench.isQuick ? QUICK_COUNT : COUNT;

  const steps = [
    async (round: number) => {
      const cost = await costOf(
        generator,
        {
          target: daemon.target,
          call: 'batch',
          concurrency: BATCHES,
          connections: CONNECTIONS,
          durationMs: loadMsOf(bench),
          subjects: { prefix: `p${round}-`, count: SUBJECTS },
        },
        { serverPid: daemon.pid, redis },
      );
      return { batch: cost.perSecond, daemon: cost.serverUs, redis: cost.redisUs };
    },
    async () => {
      const template = await captureAdmission(redis, caller);
      const resume = daemon.freeze();
      const benchmark = await benchmarkedPerSecond(redis, template, { count, subjects: SUBJECTS }).finally(
        resume,
      );
      return { benchmark };
    },
  ];

  try {
    const perSecond = await interleave<string>(roundsOf(bench), steps);
    const { batch = [], benchmark = [], daemon: daemonUs = [], redis: redisUs = [] } = perSecond;
    return {
      'pipeline.batch': {
        rounds: ratiosOf(batch, benchmark),
        parts: {
          'BatchAdmit decisions/s': batch,
          'redis-benchmark calls/s': benchmark,
          'daemon µs': daemonUs,
          'Redis µs': redisUs,
        },
      },
    };
  } finally {
    caller.close();
    for (const each of [generator, daemon, redis]) await each.stop();
  }
}
