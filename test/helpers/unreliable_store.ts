import { afterEach } from '@jest/globals';
import { pino } from 'pino';
import { createMemoryStore } from '../../daemon/memory/store';
import { createFallback, type Fallback, type FallbackOptions } from '../../daemon/outage/fallback';
import type { Admission } from '../../daemon/quota/admission';
import { StoreUnavailable } from '../../daemon/quota/errors';
import type { Policy, StoreFailureRule } from '../../daemon/quota/policies';
import type { AdmittedElsewhere, QuotaStore } from '../../daemon/quota/store';
import { policyOf } from './limit_store';

const opened: Fallback[] = [];
afterEach(async () => {
  for (const fallback of opened.splice(0)) await fallback.stop();
});

const unavailable = () => new StoreUnavailable({ cause: new Error('unreachable') });

/** A store that can be unreachable, before it decides or after. */
export function createUnreliable(options: Partial<FallbackOptions> = {}) {
  const memory = createMemoryStore();
  const state = { fails: 'never' as 'never' | 'before' | 'after' };
  const sent: Admission[] = [];
  const restored: AdmittedElsewhere[] = [];
  const refunded: string[] = [];
  const store: QuotaStore = {
    ...memory,
    async admitAll(asked, patience) {
      sent.push(...asked.map(({ admission }) => admission));
      if (state.fails === 'before') return asked.map(unavailable);
      const answers = await memory.admitAll(asked, patience);
      return state.fails === 'after' ? asked.map(unavailable) : answers;
    },
    async refund(asked) {
      if (state.fails !== 'never') throw unavailable();
      refunded.push(asked.request.requestId);
      return memory.refund(asked);
    },
  };
  const fallback = createFallback({
    store,
    async restore(all) {
      if (state.fails !== 'never') throw unavailable();
      restored.push(...all);
      // As the real one does: under the id that each has.
      await memory.admitAll(all);
      return all.map(() => undefined);
    },
    logger: pino({ level: 'silent' }),
    ...options,
  });
  opened.push(fallback);
  return { fallback, state, sent, restored, refunded };
}

/** A policy of three tokens with this rule. */
export const ruled = (onStoreFailure: StoreFailureRule): Policy =>
  policyOf([{ name: 'only', algorithm: 'sliding-window', limit: 3, windowMs: 600_000 }], { onStoreFailure });

export const admission = (subject = 'ada', requestId?: string): Admission => {
  return { subject, policy: 'tried', cost: 1, requestId };
};
