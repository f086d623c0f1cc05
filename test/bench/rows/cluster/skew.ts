import { type Bench, interleave, type Measured, roundsOf, Spoiled } from '../../bench';
import { ratiosOf } from '../../figures/statistics';
import { MEASURED_TURN } from '../../simulation/measured';
import { simulate } from '../../simulation/simulate';
import { onStage } from '../stage';
import { loadEach, openMsOf, PATIENT_MS, startClusterPlace, startGenerators, sum, usageOf } from './place';

const MASTERS = 3;
const DAEMONS = 2;

/** The default of a Cluster. */
const PARTITIONS = 300;

const CALLS_PER_SECOND = 1_000;
const CONNECTIONS = 4;

/** So few that many of them use up their limit. */
const USERS = 1_000;
const EXPONENT = 1;

/** That of the policy `connection` in daemon/policies.yaml. */
const LIMIT = 10;
const WINDOW_MS = 600_000;

/** Long enough for remembered denials to end, and for others to follow. */
const OPEN_FACTOR = 2;

const ANSWERED_SHARE = 0.99;

/** The bench pads the numbers of users. */
const DIGITS = 12;

/** What skewed traffic comes to on a small Cluster, and what the simulation says that it comes to. */
export function measureClusterSkew(bench: Bench): Promise<Measured> {
  return onStage(bench, async (stage) => {
    const wish = { name: 'skew', masters: MASTERS, daemons: DAEMONS, partitions: PARTITIONS };
    const place = await startClusterPlace(stage, wish);
    const generators = startGenerators(stage, DAEMONS);
    const durationMs = openMsOf(bench) * OPEN_FACTOR;

    async function measure(turn: number) {
      const before = await usageOf(place);
      const prefix = `skew-${turn}-`;
      const results = await loadEach(generators, place, (daemon) => ({
        connections: CONNECTIONS,
        deadlineMs: PATIENT_MS,
        subjectPrefix: prefix,
        skew: { users: USERS, exponent: EXPONENT, seed: turn * DAEMONS + daemon },
        phases: [{ perSecond: CALLS_PER_SECOND, durationMs }],
      }));
      const after = await usageOf(place);
      const [offered, answered, admitted] = (['offered', 'answered', 'admitted'] as const).map((count) =>
        sum(results.map(({ phases }) => phases[0]?.[count] ?? 0)),
      ) as [number, number, number];
      if (answered < offered * ANSWERED_SHARE)
        throw new Spoiled(`only ${answered} of ${offered} calls were answered in time`);
      const simulated = simulateStep(`${prefix}`, { turn, seconds: durationMs / 1_000 });
      const decided = after.joinedAdmissions - before.joinedAdmissions;
      return {
        'admitted, %': (100 * admitted) / answered,
        'admitted, simulated, %': (100 * simulated.admitted) / simulated.calls,
        'denied by the cache, %': (100 * (after.cachedDenials - before.cachedDenials)) / answered,
        'denied by the cache, simulated, %': (100 * simulated.deniedByCache) / simulated.calls,
        'decided by Redis, %': (100 * decided) / answered,
        'decided by Redis, simulated, %': (100 * sum(simulated.decidedBy)) / simulated.calls,
        joined: decided / (after.joinedCalls - before.joinedCalls),
        'joined, simulated': sum(simulated.decidedBy) / sum(simulated.callsTo),
      };
    }

    const series = await interleave<string>(roundsOf(bench), [(turn) => place.awake(() => measure(turn))]);
    const of = (name: string) => series[name] ?? [];
    return {
      'cluster.simulated': {
        rounds: ratiosOf(of('decided by Redis, %'), of('decided by Redis, simulated, %')),
        parts: series,
      },
    };
  });
}

function simulateStep(prefix: string, { turn, seconds }: { turn: number; seconds: number }) {
  const site = {
    masters: MASTERS,
    partitions: PARTITIONS,
    daemons: DAEMONS,
    users: { count: USERS, exponent: EXPONENT },
    callsPerSecond: CALLS_PER_SECOND * DAEMONS,
    limit: LIMIT,
    windowMs: WINDOW_MS,
    turn: MEASURED_TURN,
    hasDenialCache: true,
  };
  const nameOf = (rank: number) => `${prefix}${String(rank).padStart(DIGITS, '0')}`;
  return simulate(site, { seconds, startsEmpty: true, seed: turn, nameOf });
}
