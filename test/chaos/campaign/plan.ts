import { createRandom, type Random } from '../../../scripts/demo/random';

/** What may go wrong, by what it concerns. Of each kind one fault at a time is under way. */
export const FAULTS = {
  store: [
    'store killed',
    'store frozen',
    'store full',
    'store a replica',
    'store without replicas',
    'slow disk',
    'store killed on a slow disk',
    'clock forwards',
    'clock back',
  ],
  network: ['delayed', 'dropped', 'truncated'],
  daemon: ['daemon killed', 'daemon stopped', 'daemon drained', 'worker killed'],
  policies: ['policies rolled out'],
} as const;

export type FaultKind = keyof typeof FAULTS;
export type Fault = (typeof FAULTS)[FaultKind][number];

export interface PlannedFault {
  readonly fault: Fault;
  /** After the end of the one before. */
  readonly pauseMs: number;
  readonly lastsMs: number;
  /** Which daemon, or version of the policies. */
  readonly which: number;
}

/** What goes wrong in one stage, a list for each kind: the same for the same seed. */
export type Plan = Readonly<Record<FaultKind, readonly PlannedFault[]>>;

interface Pace {
  readonly pauseMs: readonly [number, number];
  readonly lastsMs: readonly [number, number];
}

const PACES: Record<FaultKind, Pace> = {
  store: { pauseMs: [500, 1_500], lastsMs: [500, 1_800] },
  network: { pauseMs: [1_500, 4_000], lastsMs: [500, 2_000] },
  daemon: { pauseMs: [1_000, 4_000], lastsMs: [500, 2_500] },
  policies: { pauseMs: [2_000, 6_000], lastsMs: [200, 800] },
};

/** Plans for so long. Each fault comes once before any comes again. */
export function planOf(seed: number, stageMs: number): Plan {
  const kinds = Object.keys(FAULTS) as FaultKind[];
  const plans = kinds.map((kind, at) => [
    kind,
    planKind(kind, stageMs, createRandom(seed * kinds.length + at)),
  ]);
  return Object.fromEntries(plans) as Plan;
}

function planKind(kind: FaultKind, stageMs: number, random: Random): PlannedFault[] {
  const { pauseMs, lastsMs } = PACES[kind];
  const planned: PlannedFault[] = [];
  let deck: Fault[] = [];
  let endMs = 0;
  while (endMs < stageMs) {
    if (deck.length === 0) deck = shuffled(FAULTS[kind], random);
    const next = {
      fault: deck.pop() ?? FAULTS[kind][0],
      pauseMs: random.between(...pauseMs),
      lastsMs: random.between(...lastsMs),
      which: random.between(0, 1_000),
    };
    endMs += next.pauseMs + next.lastsMs;
    planned.push(next);
  }
  return planned;
}

/** Fisher and Yates. */
function shuffled<T>(all: readonly T[], random: Random): T[] {
  const deck = [...all];
  for (let last = deck.length - 1; last > 0; last -= 1) {
    const at = random.between(0, last);
    [deck[last], deck[at]] = [deck[at] as T, deck[last] as T];
  }
  return deck;
}
