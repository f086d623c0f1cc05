import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf, sumsOf } from '../figures/statistics';
import { treeOf } from '../processes/cpu';
import { costOf } from './load';
import { onStage, type Stage } from './stage';

const CONNECTIONS = 8;
const CONCURRENCY = 50;
const SUBJECTS = 100_000;

/** What a second worker costs. */
export function measureWorkers(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const generator = stage.generator();
    const one = await startPair(stage, 1);
    const two = await startPair(stage, 2);
    // The process that was started, and one for each worker.
    if (treeOf(two.daemon.pid).length < 3) throw new Error('the daemon has not started two workers');

    const step =
      (name: string, { redis, daemon }: Pair) =>
      async (turn: number) => {
        const order = {
          target: daemon.target,
          call: 'admit',
          concurrency: CONCURRENCY,
          connections: CONNECTIONS,
          durationMs: loadMsOf(bench),
          subjects: { prefix: `w${turn}-`, count: SUBJECTS },
        } as const;
        const cost = await costOf(generator, order, { serverPid: daemon.pid, redis });
        return { [name]: cost.serverUs, [`${name} redis`]: cost.redisUs, [`${name} client`]: cost.clientUs };
      };

    const us = await interleave<string>(roundsOf(bench), [step('one', one), step('two', two)]);
    const series = (name: string) => us[name] ?? [];
    const total = (name: string) => sumsOf(series(name), series(`${name} redis`));
    return {
      'workers.cpu': {
        rounds: ratiosOf(total('two'), total('one')),
        parts: {
          '1 worker: daemon µs': series('one'),
          'Redis µs': series('one redis'),
          'client µs': series('one client'),
          '2 workers: daemon µs': series('two'),
          'its Redis µs': series('two redis'),
          'its client µs': series('two client'),
        },
      },
    };
  });
}

type Pair = Awaited<ReturnType<typeof startPair>>;

async function startPair(stage: Stage, workers: number) {
  const name = `workers_${workers}`;
  const redis = await stage.redis(name);
  return { redis, daemon: await stage.daemon({ name, redis, env: { QUOTA_WORKERS: String(workers) } }) };
}
