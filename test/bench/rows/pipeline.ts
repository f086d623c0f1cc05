import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import { captureAdmission } from '../redis/capture';
import { loadMinimal } from '../redis/minimal';
import { BENCHMARK_CONNECTIONS, benchmarkedPerSecond } from '../redis/redis_benchmark';
import { RANDOM, randomized } from '../redis/template';
import { costOf } from './load';
import { onStage } from './stage';

/** The calls that are written at once. */
const PIPELINE = 32;

/** Enough that nearly all are admitted. */
const SUBJECTS = 1_000_000;

const COUNT = 100_000;
const QUICK_COUNT = 5_000;

const BATCHES = 8;
const CONNECTIONS = 4;

/** How near BatchAdmit comes to what Redis can do with a script call for each admission. */
export function measurePipeline(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('pipeline');
    const daemon = await stage.daemon({ name: 'pipeline', redis });
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

    const pipelined = { port: redis.port, pipeline: PIPELINE, count, numbers: SUBJECTS };
    const minimal = (await loadMinimal(redis))(RANDOM, RANDOM);

    async function scriptStep() {
      const command = randomized(await captureAdmission(redis, caller));
      const keysBefore = await redis.client.dbsize();
      const resume = daemon.freeze();
      const order = { ...pipelined, command, connections: BENCHMARK_CONNECTIONS };
      const { perSecond } = await generator.pipelined(order).finally(resume);
      if ((await redis.client.dbsize()) === keysBefore) throw new Error('the calls have admitted nothing');
      // Frozen just now, the daemon answers when it has found its store again.
      await captureAdmission(redis, caller);
      return { script: perSecond };
    }

    /** Whether our calls are as fast as those of redis-benchmark, with a command that it can send as well. */
    async function checkStep() {
      const command = minimal.map((part) => Buffer.from(part));
      const { perSecond } = await generator.pipelined({
        ...pipelined,
        command,
        connections: BENCHMARK_CONNECTIONS,
      });
      const benchmark = await benchmarkedPerSecond(minimal, pipelined);
      return { ours: perSecond, benchmark };
    }

    const measured = await interleave<string>(roundsOf(bench), [batchStep, scriptStep, checkStep]);
    const series = (name: string) => measured[name] ?? [];
    return {
      'pipeline.batch': {
        rounds: ratiosOf(series('batch'), series('script')),
        parts: {
          'BatchAdmit decisions/s': series('batch'),
          'calls of the script/s': series('script'),
          'daemon µs': series('daemon'),
          'Redis µs': series('redis'),
          'client µs': series('client'),
          'minimal script, our calls/s': series('ours'),
          'by redis-benchmark': series('benchmark'),
        },
      },
    };
  });
}
