import { describe, expect, test } from '@jest/globals';
import { MAX_CALL_US, overriddenCallUs } from '../../../../../daemon/quota/policy_bounds';
import type { AdmittedElsewhere } from '../../../../../daemon/quota/store';
import { restoreAll } from '../../../../../daemon/redis/limits/restore';
import { policyOf } from '../../../../helpers/limit_store';

const policy = policyOf([{ name: 'only', algorithm: 'sliding-window', limit: 1000, windowMs: 600_000 }]);

/** What is written of a journal with admissions of these costs, whose subjects are their places in it. */
async function written(costs: number[]) {
  const calls: { partition: number; entries: readonly AdmittedElsewhere[] }[] = [];
  const admitted = costs.map((cost, at): AdmittedElsewhere => {
    const admission = { subject: String(at), policy: policy.name, cost, requestId: undefined };
    return { admission, policy, atUs: at };
  });
  const results = await restoreAll(admitted, {
    partitionOf: (subject) => Number(subject) % 2,
    restore: async (partition, entries) => {
      calls.push({ partition, entries });
      return entries.map(({ admission: { subject } }) => (subject === '7' ? new Error(subject) : undefined));
    },
  });
  return { calls, results };
}

const workOf = (entries: readonly AdmittedElsewhere[]) =>
  entries.reduce((us, { admission }) => us + overriddenCallUs(policy, admission.cost), 0);

describe('restoring a journal', () => {
  test.each([1, 100, 1000])('at a cost of %i no call takes Redis longer than any may', async (cost) => {
    const { calls } = await written(Array.from({ length: 100 }, () => cost));

    expect(Math.max(...calls.map(({ entries }) => workOf(entries)))).toBeLessThanOrEqual(MAX_CALL_US);
    expect(calls.flatMap(({ entries }) => entries)).toHaveLength(100);
  });

  test('each partition gets its own in order, and each result is in its place', async () => {
    const { calls, results } = await written(Array.from({ length: 200 }, () => 1));
    const subjectsOf = (wanted: number) =>
      calls
        .filter(({ partition }) => partition === wanted)
        .flatMap(({ entries }) => entries.map(({ admission }) => Number(admission.subject)));

    expect(subjectsOf(1)).toEqual(Array.from({ length: 100 }, (_, at) => 2 * at + 1));
    expect(results.map((fault, at) => fault && at).filter((at) => at !== undefined)).toEqual([7]);
    expect(results).toHaveLength(200);
  });
});
