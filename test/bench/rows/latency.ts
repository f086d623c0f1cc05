import { type Bench, interleave, loadMsOf, type Measured, roundsOf, Spoiled } from '../bench';
import { ratiosOf } from '../figures/statistics';
import type { PhaseResult } from '../load/orders';
import { CONNECTIONS, capacityOf, DEADLINE_MS } from './capacity';
import { onStage } from './stage';

/** A round is longer than the others': its slowest hundredth is to be more than a few calls. */
const ROUND_FACTOR = 2;

/** The slowest hundredth of the answers shows nothing if more than that is missing. */
const ANSWERED_SHARE = 0.99;

/** How long callers wait for the slowest hundredth of the answers of a daemon that is half busy. */
export function measureLatency(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const { target } = await stage.daemon({ name: 'latency', redis: await stage.redis('latency') });
    const empty = await stage.empty();
    const generator = stage.generator();
    const perSecond = Math.floor((await capacityOf(bench, generator, target)) / 2);

    const step = (name: string, server: string) => async (turn: number) => {
      const { phases } = await generator.open({
        target: server,
        connections: CONNECTIONS,
        deadlineMs: DEADLINE_MS,
        subjectPrefix: `${name}-${turn}-`,
        phases: [{ perSecond, durationMs: loadMsOf(bench) * ROUND_FACTOR }],
      });
      const [phase] = phases;
      if (phase === undefined || phase.answered < phase.offered * ANSWERED_SHARE)
        throw new Spoiled(`the ${name} answered only ${shown(phase)}`);
      return { [`${name} p99`]: phase.p99Us / 1000, [`${name} p50`]: phase.p50Us / 1000 };
    };

    const steps = [step('daemon', target), step('empty', empty.target)];
    const ms = await interleave<string>(roundsOf(bench), steps);
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
  });
}

function shown(phase: PhaseResult | undefined): string {
  if (phase === undefined) return 'nothing';
  const { answered, offered, refused, late } = phase;
  return `${answered} of ${offered} calls in time: ${refused} were refused, ${late} were late`;
}
