import { type Bench, interleave, loadMsOf, type Measured, roundsOf } from '../bench';
import { ratiosOf } from '../figures/statistics';
import { startBenchDaemon } from '../processes/daemon';
import { startHelper } from '../processes/helper';
import { startBenchRedis } from '../processes/redis';
import { CONNECTIONS, capacityOf, DEADLINE_MS } from './capacity';
import { startGenerator } from './generator';

/** A round is longer than the others': its slowest hundredth is to be more than a few calls. */
const ROUND_FACTOR = 2;

const EMPTY_SERVER = '../peers/empty_server.js';

/** How long callers wait for the slowest hundredth of the answers of a daemon that is half busy. */
export async function measureLatency(bench: Bench): Promise<Measured> {
  const redis = await startBenchRedis(bench, 'redis_latency');
  const daemon = await startBenchDaemon(bench, { name: 'daemon_latency', redis });
  const empty = startHelper<string, string>(EMPTY_SERVER);
  const generator = startGenerator();
  try {
    const { target } = daemon;
    await capacityOf(bench, generator, { target, subjectPrefix: 'warm-' });
    const capacity = await capacityOf(bench, generator, { target, subjectPrefix: 'capacity-' });
    const perSecond = Math.floor(capacity / 2);
    const step = (name: string, server: string) => async (round: number) => {
      const { phases } = await generator.open({
        target: server,
        connections: CONNECTIONS,
        deadlineMs: DEADLINE_MS,
        subjectPrefix: `${name}-${round}-`,
        phases: [{ perSecond, durationMs: loadMsOf(bench) * ROUND_FACTOR }],
      });
      const [{ p50Us, p99Us, answered, offered } = { p50Us: 0, p99Us: 0, answered: 0, offered: 1 }] = phases;
      // The slowest hundredth of those that were answered is no measure if more than that were not.
      if (answered < offered * 0.99)
        throw new Error(`only ${answered} of ${offered} calls were answered in time`);
      return { [`${name} p99`]: p99Us / 1000, [`${name} p50`]: p50Us / 1000 };
    };
    const empties = await empty.ask('where');
    const ms = await interleave<string>(roundsOf(bench), [step('daemon', target), step('empty', empties)]);
    const series = (name: string) => ms[name] ?? [];
    return {
      'latency.half': {
        rounds: ratiosOf(series('daemon p99'), series('empty p99')),
        parts: {
          'daemon p99 ms': series('daemon p99'),
          'empty p99 ms': series('empty p99'),
          'daemon p50 ms': series('daemon p50'),
          'empty p50 ms': series('empty p50'),
          'calls/s': [perSecond],
        },
      },
    };
  } finally {
    for (const each of [generator, empty, daemon, redis]) await each.stop();
  }
}
