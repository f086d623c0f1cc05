import { Counter, type Registry } from 'prom-client';
import type { TakingsSample } from '../quota/takings_sample';

/** Counters of what was sampled, so that their ratios are averages over any time. */
export function createTakingsMetrics(registers: Registry[]): (sample: TakingsSample) => void {
  const subjects = new Counter({
    name: 'quota_sampled_subjects_total',
    help: 'Subjects whose takings were looked at just after an admission, by policy.',
    labelNames: ['policy'],
    registers,
  });
  const entries = new Counter({
    name: 'quota_sampled_entries_total',
    help: 'Entries that those takings had: counting in a window, or only as memory of a request.',
    labelNames: ['policy', 'kind'],
    registers,
  });
  return ({ policy, subjectCount, countingCount, memoryCount }) => {
    subjects.inc({ policy }, subjectCount);
    entries.inc({ policy, kind: 'counting' }, countingCount);
    entries.inc({ policy, kind: 'memory' }, memoryCount);
  };
}
