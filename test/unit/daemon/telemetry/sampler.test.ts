import { describe, expect, test } from '@jest/globals';
import { createSampler } from '../../../../daemon/telemetry/sampler';

describe('createSampler', () => {
  test('a few a second are shown, the rest counted and reported by the next that is', () => {
    let nowMs = 0;
    const sampler = createSampler({ perSecond: 2, nowMs: () => nowMs });
    const show = () => sampler.show('denied');

    expect([show(), show(), show(), show()]).toEqual([0, 0, undefined, undefined]);
    nowMs = 999;
    expect(show()).toBeUndefined();
    nowMs = 1000;
    expect([show(), show(), show()]).toEqual([3, 0, undefined]);
  });

  test('two kinds have each their own few', () => {
    const sampler = createSampler({ perSecond: 1, nowMs: () => 0 });

    expect(['a', 'a', 'b'].map((kind) => sampler.show(kind))).toEqual([0, undefined, 0]);
  });
});
