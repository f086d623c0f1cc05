import { setTimeout as pause } from 'node:timers/promises';
import { type Bench, interleave, type Measured, roundsOf, Spoiled } from '../../bench';
import { ratiosOf } from '../../figures/statistics';
import type { OpenResult } from '../../load/orders';
import type { Generator } from '../generator';
import { onStage } from '../stage';
import {
  type ClusterPlace,
  loadEach,
  openMsOf,
  PATIENT_MS,
  startClusterPlace,
  startGenerators,
  sum,
  type Usage,
  usageOf,
} from './place';

/** What each daemon is asked: four of them, their masters and the generators share two processors. */
const CALLS_PER_SECOND = 1_000;
const CONNECTIONS = 4;

/** In the first three a master has as much to do as in each other, and so it has in the last two. */
const PLACES = [
  { masters: 1, daemons: 1 },
  { masters: 2, daemons: 2 },
  { masters: 3, daemons: 3 },
  { masters: 1, daemons: 2 },
  { masters: 2, daemons: 4 },
] as const;

const MOST_DAEMONS = 4;

/** How far what the keys show may be from what was answered. */
const COUNT_ERROR = 0.05;

const ANSWERED_SHARE = 0.99;

const IDLE_MS = 2_000;
const QUICK_IDLE_MS = 200;

type Size = (typeof PLACES)[number];

/** What a decision costs if masters and daemons are added with the load. */
export function measureClusterScale(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const generators = startGenerators(stage, MOST_DAEMONS);
    const steps: ((turn: number) => Promise<Record<string, number>>)[] = [];
    for (const size of PLACES) {
      const place = await startClusterPlace(stage, {
        ...size,
        name: `scale_${size.masters}_${size.daemons}`,
      });
      steps.push((turn) => place.awake(() => measurePlace({ bench, generators, place, size, turn })));
    }
    return figuresOf(await interleave<string>(roundsOf(bench), steps));
  });
}

function nameOf({ masters, daemons }: Size): string {
  return `${masters} × ${daemons}`;
}

interface Step {
  readonly bench: Bench;
  readonly generators: readonly Generator[];
  readonly place: ClusterPlace;
  readonly size: Size;
  readonly turn: number;
}

async function measurePlace({ bench, generators, place, size, turn }: Step): Promise<Record<string, number>> {
  const idle = await usedDuring(place, () => pause(bench.isQuick ? QUICK_IDLE_MS : IDLE_MS));
  const durationMs = openMsOf(bench);
  const busy = await usedDuring(place, () =>
    loadEach(generators, place, (daemon) => ({
      connections: CONNECTIONS,
      deadlineMs: PATIENT_MS,
      subjectPrefix: `scale-${turn}-${daemon}-`,
      phases: [{ perSecond: CALLS_PER_SECOND, durationMs }],
    })),
  );
  const decisions = decisionsOf(busy.result, busy.used.keys);
  const each = eachOf(busy, decisions);
  const measured = {
    ...each,
    'daemons µs': sum(busy.used.daemonUs) / sum(decisions.ofDaemons),
    'masters µs': sum(busy.used.masterUs) / sum(decisions.ofMasters),
    'clients µs': sum(busy.result.map(({ cpuUs }) => cpuUs)) / sum(decisions.ofDaemons),
    joined: busy.used.joinedAdmissions / busy.used.joinedCalls,
    'idle daemon, %': (100 * sum(idle.used.daemonUs)) / place.daemons.length / (idle.tookMs * 1_000),
    'idle master, %': (100 * sum(idle.used.masterUs)) / place.masters.length / (idle.tookMs * 1_000),
    'bytes to Redis': busy.used.storeBytes.received / sum(decisions.ofDaemons),
    'bytes from Redis': busy.used.storeBytes.sent / sum(decisions.ofDaemons),
    'bytes to the daemon': sum(busy.result.map(({ sentBytes }) => sentBytes)) / sum(decisions.ofDaemons),
    'bytes from the daemon':
      sum(busy.result.map(({ receivedBytes }) => receivedBytes)) / sum(decisions.ofDaemons),
  };
  return Object.fromEntries(
    Object.entries(measured).map(([name, value]) => [`${nameOf(size)} ${name}`, value]),
  );
}

/** Does the work. Returns its result, and what all processes of the place used meanwhile. */
async function usedDuring<T>(place: ClusterPlace, work: () => Promise<T>) {
  const before = await usageOf(place);
  const startMs = performance.now();
  const result = await work();
  const tookMs = performance.now() - startMs;
  return { result, tookMs, used: difference(await usageOf(place), before) };
}

function difference(after: Usage, before: Usage): Usage {
  const each = (of: (usage: Usage) => readonly number[]) =>
    of(after).map((value, index) => value - (of(before)[index] ?? 0));
  return {
    daemonUs: each(({ daemonUs }) => daemonUs),
    masterUs: each(({ masterUs }) => masterUs),
    keys: each(({ keys }) => keys),
    joinedCalls: after.joinedCalls - before.joinedCalls,
    joinedAdmissions: after.joinedAdmissions - before.joinedAdmissions,
    cachedDenials: after.cachedDenials - before.cachedDenials,
    storeBytes: {
      received: after.storeBytes.received - before.storeBytes.received,
      sent: after.storeBytes.sent - before.storeBytes.sent,
    },
  };
}

interface Decisions {
  readonly ofDaemons: readonly number[];
  readonly ofMasters: readonly number[];
}

/** Each call has a subject of its own, and so a key on the master that decides. */
function decisionsOf(results: readonly OpenResult[], keys: readonly number[]): Decisions {
  const ofDaemons = results.map(({ phases: [phase] }) => {
    if (phase === undefined || phase.answered < phase.offered * ANSWERED_SHARE)
      throw new Spoiled(`only ${phase?.answered} of ${phase?.offered} calls were answered in time`);
    return phase.answered;
  });
  const answered = sum(ofDaemons);
  if (Math.abs(sum(keys) - answered) > answered * COUNT_ERROR)
    throw new Spoiled(`${sum(keys)} keys were made by ${answered} decisions`);
  return { ofDaemons, ofMasters: keys };
}

/** What each process took for each of its decisions. */
function eachOf({ used }: { used: Usage }, { ofDaemons, ofMasters }: Decisions): Record<string, number> {
  const costs = (name: string, us: readonly number[], decisions: readonly number[]) =>
    us.map((value, index) => [`${name} ${index + 1} µs`, value / (decisions[index] ?? Number.NaN)] as const);
  return Object.fromEntries([
    ...costs('daemon', used.daemonUs, ofDaemons),
    ...costs('master', used.masterUs, ofMasters),
  ]);
}

function figuresOf(series: Record<string, number[]>): Measured {
  const of = (size: Size, name: string) => series[`${nameOf(size)} ${name}`] ?? [];
  const total = (size: Size) =>
    of(size, 'daemons µs').map((us, round) => us + (of(size, 'masters µs')[round] ?? Number.NaN));
  const [one, two, three, oneForTwo, twoForFour] = PLACES;
  const partsOf = (...sizes: readonly Size[]) =>
    Object.fromEntries(
      Object.entries(series).filter(([name]) => sizes.some((size) => name.startsWith(`${nameOf(size)} `))),
    );
  return {
    'cluster.two': { rounds: ratiosOf(total(two), total(one)), parts: partsOf(one, two) },
    'cluster.three': { rounds: ratiosOf(total(three), total(one)), parts: partsOf(three) },
    'cluster.four': {
      rounds: ratiosOf(total(twoForFour), total(oneForTwo)),
      parts: partsOf(oneForTwo, twoForFour),
    },
    'cluster.joined': { rounds: ratiosOf(of(three, 'joined'), of(one, 'joined')) },
    'cluster.joined-four': { rounds: ratiosOf(of(twoForFour, 'joined'), of(oneForTwo, 'joined')) },
  };
}
