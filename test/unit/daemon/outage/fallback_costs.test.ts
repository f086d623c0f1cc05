import { describe, expect, test } from '@jest/globals';
import { type AlgorithmName, ALGORITHM_NAMES as BOTH } from '../../../../daemon/quota/algorithms/registry';
import { MAX_SLIDING_WINDOW_LIMIT } from '../../../../daemon/quota/algorithms/sliding_window';
import { type Limit, MAX_LIMIT } from '../../../../daemon/quota/limits';
import { decisionBy } from '../../../helpers/conformance/store_factory';
import { policyOf } from '../../../helpers/limit_store';
import { admission, createUnreliable } from '../../../helpers/unreliable_store';

describe('fallback: admit, a cost that no size of a limit admits', () => {
  const limitOf = (algorithm: AlgorithmName, shadow: boolean): Limit => {
    return { name: `${algorithm}-${shadow}`, algorithm, limit: 3, windowMs: 600_000, shadow };
  };
  const degradedBy = async (cost: number, ...limits: Limit[]) => {
    const { fallback, state } = createUnreliable();
    state.fails = 'before';
    const policy = policyOf(limits, { onStoreFailure: 'admit' });
    const decision = await decisionBy(fallback.store, { ...admission(), cost }, policy);
    return { decision, journalEntries: fallback.state().journalEntries };
  };

  test.each([
    ['a window', MAX_SLIDING_WINDOW_LIMIT, [limitOf('sliding-window', false)]],
    ['a bucket', MAX_LIMIT, [limitOf('token-bucket', false)]],
    ['a bucket and a window', MAX_SLIDING_WINDOW_LIMIT, BOTH.map((each) => limitOf(each, false))],
  ])('is denied by %s for good, and not journalled', async (_, most, limits) => {
    expect(await degradedBy(most, ...limits)).toMatchObject({
      decision: { admitted: true, degraded: true },
      journalEntries: 1,
    });
    expect(await degradedBy(most + 1, ...limits)).toMatchObject({
      decision: { admitted: false, degraded: true, retryDelayUs: undefined, limits: [] },
      journalEntries: 0,
    });
  });

  test('is admitted by shadows', async () => {
    const { decision } = await degradedBy(2 ** 31 - 1, ...BOTH.map((each) => limitOf(each, true)));

    expect(decision.admitted).toBe(true);
  });
});
