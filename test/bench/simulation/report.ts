import { MEASURED_US } from './measured';
import type { SimulatedLoad, SimulatedRun, SimulatedSite } from './simulate';

const NAME_WIDTH = 46;
const US_PER_S = 1_000_000;

/** What the traffic comes to, a figure a line. */
export function simulationLines(
  { masters, daemons }: SimulatedSite,
  { seconds }: SimulatedRun,
  load: SimulatedLoad,
): string[] {
  const { calls, admitted, denied, deniedByCache, decidedBy, callsTo, daemonCalls, hottest } = load;
  const decided = sum(decidedBy);
  const perSecond = (count: number) => whole(count / seconds);
  const ofCalls = (count: number) => `${((100 * count) / calls).toFixed(1)} %`;
  const spread = (counts: readonly number[]) => {
    const mean = sum(counts) / counts.length;
    const most = Math.max(...counts);
    return `${perSecond(mean)}, the busiest ${perSecond(most)} (${(most / mean).toFixed(2)} times)`;
  };
  const cores = (us: number, count: number) => ((us * count) / seconds / US_PER_S).toFixed(2);
  const daemonsUs = deniedByCache * MEASURED_US.daemonCached + decided * MEASURED_US.daemon;
  const lines = [
    ['calls a second', perSecond(calls)],
    ['admitted', ofCalls(admitted)],
    ['denied', ofCalls(denied)],
    ['denied by daemons, without Redis', ofCalls(deniedByCache)],
    ['decided by Redis, a second', `${perSecond(decided)} (${ofCalls(decided)})`],
    [`of each of ${masters} masters, a second`, spread(decidedBy)],
    ['of a core, the busiest master', cores(MEASURED_US.redis, Math.max(...decidedBy))],
    ['admissions in a joined call', (decided / sum(callsTo)).toFixed(2)],
    [`calls of each of ${daemons} daemons, a second`, spread(daemonCalls)],
    ['of a core, a daemon on average', cores(1, daemonsUs / daemons)],
    ['calls of the most active user, a second', perSecond(hottest.calls)],
    ['of these decided by Redis, a second', perSecond(hottest.decided)],
  ];
  return lines.map(([name = '', value = '']) => `${name.padEnd(NAME_WIDTH)}${value}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
