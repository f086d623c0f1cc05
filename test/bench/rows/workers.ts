import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf, sumsOf } from '../figures/statistics';
import { treeOf } from '../processes/cpu';
import { startBenchDaemon } from '../processes/daemon';
import { startBenchRedis } from '../processes/redis';
import { startGenerator } from './generator';
import { costOf } from './load';

const CONNECTIONS = 8;
const CONCURRENCY = 50;
const SUBJECTS = 100_000;

/** What a second worker costs. */
export async function measureWorkers(bench: Bench): Promise<Measured> {
  const generator = startGenerator();
  const one = await startPair(bench, 1);
  const two = await startPair(bench, 2);
  try {
    if (treeOf(two.daemon.pid).length < 3) throw new Error('the daemon has not started two workers');
    const step =
      (name: string, { redis, daemon }: Pair) =>
      async (round: number) => {
        const cost = await costOf(
          generator,
          {
            target: daemon.target,
            call: 'admit',
            concurrency: CONCURRENCY,
            connections: CONNECTIONS,
            durationMs: loadMsOf(bench),
            subjects: { prefix: `w${round}-`, count: SUBJECTS },
          },
          { serverPid: daemon.pid, redis },
        );
        return { [name]: cost.serverUs, [`${name} redis`]: cost.redisUs };
      };
    const us = await interleave<string>(roundsOf(bench), [step('one', one), step('two', two)]);
    const series = (name: string) => us[name] ?? [];
    const total = (name: string) => sumsOf(series(name), series(`${name} redis`));
    return {
      'workers.cpu': {
        rounds: ratiosOf(total('two'), total('one')),
        parts: {
          'daemon µs, 1 worker': series('one'),
          'Redis µs': series('one redis'),
          'daemon µs, 2 workers': series('two'),
          'Redis µs ': series('two redis'),
        },
      },
    };
  } finally {
    await generator.stop();
    for (const { daemon, redis } of [one, two]) {
      await daemon.stop();
      await redis.stop();
    }
  }
}

type Pair = Awaited<ReturnType<typeof startPair>>;

async function startPair(bench: Bench, workers: number) {
  const redis = await startBenchRedis(bench, `redis_workers_${workers}`);
  const env = { QUOTA_WORKERS: String(workers) };
  const daemon = await startBenchDaemon(bench, { name: `daemon_workers_${workers}`, redis, env });
  return { redis, daemon };
}
