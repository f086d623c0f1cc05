import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, longRoundsOf, type Measured } from '../bench';
import type { Measurement } from '../figures/figure';
import { percentileOf } from '../figures/statistics';
import { type Asked, askOnTime, steadily } from '../report/asking';
import { onStage } from './stage';

/** How Redis goes, by the signal. */
type Fault = 'SIGKILL' | 'SIGSTOP';

const PER_SECOND = 200;
const FAULT_AT_S = 2;

/** From then on nobody may wait for a store that is gone. */
const NOTICED_AT_S = FAULT_AT_S + 1;

const DURATION_S = NOTICED_AT_S + 3;
const QUICK_DURATION_S = NOTICED_AT_S + 0.5;

const limits = '[{ name: n, algorithm: sliding-window, limit: 1000, window: 1m }]';
const POLICIES = `policies:
  deny: { on_store_failure: deny, limits: ${limits} }
  local: { on_store_failure: local, limits: ${limits} }
`;

/** How long callers wait once the store is gone: half of them get UNAVAILABLE, the others are decided locally. */
export async function measureOutages(bench: Bench): Promise<Measured> {
  return {
    'outage.killed': await measureFault(bench, 'SIGKILL'),
    'outage.frozen': await measureFault(bench, 'SIGSTOP'),
  };
}

async function measureFault(bench: Bench, fault: Fault): Promise<Measurement> {
  const rounds: Record<'before' | 'after' | 'longest', number>[] = [];
  while (rounds.length < longRoundsOf(bench)) {
    const asked = await askThrough(bench, fault);
    const [before, after] = [asked.filter(({ atS }) => atS < FAULT_AT_S), asked.filter(isNoticed)];
    requireOutage(after);
    rounds.push({
      before: percentileOf(before.map(latencyOf), 99),
      after: percentileOf(after.map(latencyOf), 99),
      longest: Math.max(...after.map(latencyOf)),
    });
  }
  return {
    rounds: rounds.map(({ after }) => after),
    parts: {
      'p99 ms before': rounds.map(({ before }) => before),
      'longest ms': rounds.map(({ longest }) => longest),
    },
  };
}

const latencyOf = ({ latencyMs }: Asked) => latencyMs;
const isNoticed = ({ atS }: Asked) => atS >= NOTICED_AT_S;

/** Asks a daemon at a constant rate, and lets its Redis go meanwhile. */
function askThrough(bench: Bench, fault: Fault): Promise<readonly Asked[]> {
  return onStage(bench, async (stage) => {
    const redis = await stage.redis('outage');
    const { target } = await stage.daemon({ name: 'outage', redis, policies: POLICIES });
    redis.client.disconnect();
    const isOver = pause(FAULT_AT_S * 1000).then(() => process.kill(redis.pid, fault));
    try {
      const durationS = bench.isQuick ? QUICK_DURATION_S : DURATION_S;
      const requests = steadily({ perSecond: PER_SECOND, durationS }, (turn) => ({
        subject: `caller-${turn}`,
        policy: turn % 2 === 0 ? 'deny' : 'local',
      }));
      return await askOnTime(target, requests);
    } finally {
      await isOver;
      // A frozen one would not hear the signal that stops it.
      if (fault === 'SIGSTOP') process.kill(redis.pid, 'SIGCONT');
    }
  });
}

/** Whether each was answered without the store; otherwise the times show nothing. */
function requireOutage(asked: readonly Asked[]): void {
  const byStore = asked.filter(({ verdict, isDegraded }) => verdict !== 'unanswered' && !isDegraded);
  if (asked.length === 0 || byStore.length > 0)
    throw new Error(`${byStore.length} of ${asked.length} calls were decided by a store that was gone`);
}
