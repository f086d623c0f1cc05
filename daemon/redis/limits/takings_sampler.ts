import { countsTakings } from '../../quota/limits';
import type { Policy } from '../../quota/policies';
import type { TakingsSample } from '../../quota/takings_sample';
import type { Keys } from '../keys';
import type { Database } from '../nodes';
import type { Entry, JoinedReply } from './admit';

export interface TakingsSamplerOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly onSample: (sample: TakingsSample) => void;
  readonly nowMs?: () => number;
}

/** Looks now and then at what some sets of takings hold. */
export interface TakingsSampler {
  /** Takes note of an answered call, and may look at the takings of those that it admitted. */
  decided(entries: readonly Entry[], reply: JoinedReply): void;
}

/** At most 32 short commands a second for each process, however many decisions there are. */
const SAMPLE_INTERVAL_MS = 1000;
const SUBJECTS_PER_SAMPLE = 16;

const US_PER_MS = 1000;

/**
 * Only subjects that were just admitted are looked at: their sets exist, and a subject that is denied again and again
 * causes no more commands than its denials.
 */
export function createTakingsSampler({
  redis,
  keys,
  onSample,
  nowMs = () => performance.now(),
}: TakingsSamplerOptions): TakingsSampler {
  let nextMs = nowMs() + SAMPLE_INTERVAL_MS;

  async function look(policy: Policy, subjects: readonly string[], decidedUs: number): Promise<void> {
    const windows = policy.limits.filter(countsTakings).map(({ windowMs }) => windowMs);
    const startUs = windows.length === 0 ? undefined : decidedUs - Math.max(...windows) * US_PER_MS;
    const commands = redis.pipeline();
    for (const subject of subjects) {
      const key = keys.taken(policy.name, subject);
      commands.zcard(key);
      // What was given back has a negative score.
      if (startUs !== undefined) commands.zcount(key, `(${startUs}`, '+inf');
    }
    const counts =
      (await commands.exec())?.map(([error, count]) => (error ? Number.NaN : Number(count))) ?? [];
    if (counts.some(Number.isNaN)) return;
    onSample({
      policy: policy.name,
      subjectCount: subjects.length,
      ...totalsOf(counts, startUs !== undefined),
    });
  }

  return {
    decided(entries, { nowUs, outcomes }) {
      const now = nowMs();
      if (now < nextMs) return;
      const admitted = entries.filter((_, at) => isAdmitted(outcomes[at]));
      const policy = admitted[0]?.policy;
      if (policy === undefined) return;
      nextMs = now + SAMPLE_INTERVAL_MS;
      const subjects = new Set(
        admitted.filter((entry) => entry.policy === policy).map(({ admission }) => admission.subject),
      );
      // A sample that the store does not answer is not taken; admissions report its failures.
      look(policy, [...subjects].slice(0, SUBJECTS_PER_SAMPLE), nowUs).catch(() => undefined);
    },
  };
}

function isAdmitted(outcome: JoinedReply['outcomes'][number] | undefined): boolean {
  return outcome !== undefined && !(outcome instanceof Error) && outcome.decision.admitted;
}

/** Sums the sizes of sets, each followed by how many of its entries count, if any do. */
function totalsOf(
  counts: readonly number[],
  areCounted: boolean,
): Pick<TakingsSample, 'countingCount' | 'memoryCount'> {
  if (!areCounted) return { countingCount: 0, memoryCount: sum(counts) };
  const countingCount = sum(counts.filter((_, at) => at % 2 === 1));
  // An admission between the two commands may be in the second count alone.
  const heldCount = sum(counts) - countingCount;
  return { countingCount, memoryCount: Math.max(0, heldCount - countingCount) };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
