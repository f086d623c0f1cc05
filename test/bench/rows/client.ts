import { type Bench, interleave, loadMsOf, type Measured, roundsOf, Spoiled } from '../bench';
import { ratiosOf, sumsOf } from '../figures/statistics';
import type { CallersOrder, CallersResult } from '../load/client_callers';
import { cpuUsOf } from '../processes/cpu';
import { startHelper } from '../processes/helper';
import { onStage } from './stage';

const CALLERS = 50;
const SUBJECTS = 100_000;
const CALLERS_FILE = '../load/client_callers.js';

/** What joining concurrent requests saves, in the client, the daemon and Redis together. */
export function measureClient(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('client');
    const { pid, target } = await stage.daemon({ name: 'client', redis });
    const callers = startHelper<CallersOrder, CallersResult>(CALLERS_FILE);

    const step = (name: string, joins: boolean) => async (turn: number) => {
      const subjects = { prefix: `${name}-${turn}-`, count: SUBJECTS };
      const before = { daemonUs: cpuUsOf(pid), redisUs: await redis.cpuUs() };
      const order = { target, joins, callers: CALLERS, durationMs: loadMsOf(bench), subjects };
      const { decisions, failures, cpuUs } = await callers.ask(order);
      const after = { daemonUs: cpuUsOf(pid), redisUs: await redis.cpuUs() };
      if (decisions === 0 || failures > decisions / 100) throw new Spoiled(`${failures} requests failed`);
      return {
        [`${name} client`]: cpuUs / decisions,
        [`${name} daemon`]: (after.daemonUs - before.daemonUs) / decisions,
        [`${name} redis`]: (after.redisUs - before.redisUs) / decisions,
      };
    };

    try {
      const steps = [step('alone', false), step('joined', true)];
      return figuresOf(await interleave<string>(roundsOf(bench), steps));
    } finally {
      await callers.stop();
    }
  });
}

function figuresOf(us: Record<string, number[]>): Measured {
  const part = (name: string, who: string) => us[`${name} ${who}`] ?? [];
  const total = (name: string) =>
    sumsOf(sumsOf(part(name, 'client'), part(name, 'daemon')), part(name, 'redis'));
  return {
    'client.joined': {
      rounds: ratiosOf(total('joined'), total('alone')),
      parts: {
        'client µs': part('joined', 'client'),
        'daemon µs': part('joined', 'daemon'),
        'Redis µs': part('joined', 'redis'),
        'alone: client µs': part('alone', 'client'),
        'its daemon µs': part('alone', 'daemon'),
        'its Redis µs': part('alone', 'redis'),
      },
    },
  };
}
