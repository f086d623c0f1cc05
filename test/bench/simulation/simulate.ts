import calculateSlot from 'cluster-key-slot';
import { spreadTags } from '../../../daemon/redis/hash_tags';
import { createKeys } from '../../../daemon/redis/keys';
import { createRandom } from '../../../scripts/demo/random';
import { createSimulatedDaemon, type TurnCost } from './daemons';
import { createSubjects } from './subjects';
import { createZipf, type ZipfLaw, zipfShares } from './zipf';

/** A site: a Cluster whose masters own equal ranges of slots, its daemons, and the traffic that they share evenly. */
export interface SimulatedSite {
  readonly masters: number;
  readonly partitions: number;
  readonly daemons: number;
  readonly users: ZipfLaw;
  readonly callsPerSecond: number;
  /** The sliding window of each user. */
  readonly limit: number;
  readonly windowMs: number;
  readonly turn: TurnCost;
  readonly hasDenialCache: boolean;
}

export interface SimulatedRun {
  readonly seconds: number;
  /** True begins with an empty store, false as if these calls had always come. */
  readonly startsEmpty: boolean;
  /** The same seed gives the same result. */
  readonly seed: number;
  /** A user's name in the store, which decides on the partition. */
  readonly nameOf?: (rank: number) => string;
}

/** What the traffic has come to. */
export interface SimulatedLoad {
  readonly calls: number;
  readonly admitted: number;
  readonly denied: number;
  /** Of the denied, those answered without the store. */
  readonly deniedByCache: number;
  /** What the store has decided, by master. */
  readonly decidedBy: readonly number[];
  /** The joined calls that each master has had. */
  readonly callsTo: readonly number[];
  readonly daemonCalls: readonly number[];
  /** The most active user. */
  readonly hottest: { readonly calls: number; readonly decided: number };
}

const US_PER_S = 1_000_000;
const US_PER_MS = 1_000;
const SLOT_COUNT = 16_384;

/** Twice the life of a remembered denial: after it, the caches are as they stay. */
const WARM_UP_US = 500_000;

/** Simulates the traffic call by call, with calls at random (a Poisson process). */
export function simulate(site: SimulatedSite, run: SimulatedRun): SimulatedLoad {
  const random = createRandom(run.seed);
  const nextUser = createZipf(site.users, random);
  const counts = countersOf(site);
  const { partitionOf, masterOf } = layoutOf(site, run.nameOf);
  const shareOf = zipfShares(site.users);
  const subjects = createSubjects({
    limit: site.limit,
    windowUs: site.windowMs * US_PER_MS,
    rateOf: (rank) => (shareOf(rank) * site.callsPerSecond) / US_PER_S,
    startsEmpty: run.startsEmpty,
    random,
  });
  const warmUpUs = run.startsEmpty ? 0 : WARM_UP_US;
  let isCounting = false;
  const events = {
    deniedByCache: () => {
      if (isCounting) counts.deniedByCache += 1;
    },
    decided(rank: number, isAdmitted: boolean) {
      if (!isCounting) return;
      counts[isAdmitted ? 'admitted' : 'deniedByStore'] += 1;
      if (rank === 1) counts.hottest.decided += 1;
    },
    called(partition: number, admissions: number) {
      if (!isCounting) return;
      add(counts.decidedBy, masterOf(partition), admissions);
      add(counts.callsTo, masterOf(partition), 1);
    },
  };
  const { turn, hasDenialCache } = site;
  const daemons = Array.from({ length: site.daemons }, () =>
    createSimulatedDaemon({ subjects, partitionOf, turn, hasDenialCache, events }),
  );
  const endUs = warmUpUs + run.seconds * US_PER_S;
  const meanGapUs = US_PER_S / site.callsPerSecond;
  let nowUs = 0;
  for (;;) {
    nowUs -= Math.log(1 - random.next()) * meanGapUs;
    if (nowUs >= endUs) break;
    isCounting = nowUs >= warmUpUs;
    const rank = nextUser();
    const at = random.between(0, site.daemons - 1);
    if (isCounting) add(counts.daemonCalls, at, 1);
    if (isCounting && rank === 1) counts.hottest.calls += 1;
    daemons[at]?.arrive([rank], nowUs);
  }
  for (const daemon of daemons) daemon.finish();
  return loadOf(counts);
}

/** Where the users are: as the daemon places them. */
export function layoutOf(
  { partitions, masters }: Pick<SimulatedSite, 'partitions' | 'masters'>,
  nameOf = (rank: number) => `user-${rank}`,
) {
  const tags = spreadTags(partitions);
  const keys = createKeys({ prefix: '', partitions, tags });
  const masterOfTag = tags.map((tag) => Math.floor((calculateSlot(tag) * masters) / SLOT_COUNT));
  return {
    partitionOf: (rank: number) => keys.partitionOf(nameOf(rank)),
    masterOf: (partition: number) => masterOfTag[partition] ?? 0,
  };
}

function countersOf({ masters, daemons }: SimulatedSite) {
  return {
    admitted: 0,
    deniedByStore: 0,
    deniedByCache: 0,
    decidedBy: new Array<number>(masters).fill(0),
    callsTo: new Array<number>(masters).fill(0),
    daemonCalls: new Array<number>(daemons).fill(0),
    hottest: { calls: 0, decided: 0 },
  };
}

function loadOf({ deniedByStore, ...counts }: ReturnType<typeof countersOf>): SimulatedLoad {
  const denied = deniedByStore + counts.deniedByCache;
  return { ...counts, denied, calls: counts.admitted + denied };
}

function add(counts: number[], at: number, by: number): void {
  counts[at] = (counts[at] ?? 0) + by;
}
