import type { Decision, LimitStatus } from '../../daemon/quota/admission';
import type { Override } from '../../daemon/quota/overrides';
import type { Policy } from '../../daemon/quota/policies';
import type { Refund } from '../../daemon/quota/refund';
import { claimStore } from '../../daemon/redis/claims';
import { createKeys, type Keys } from '../../daemon/redis/keys';
import { admitAll, type JoinedReply, type Outcome } from '../../daemon/redis/limits/admit';
import { announcePolicies } from '../../daemon/redis/limits/announce';
import { createEncoder } from '../../daemon/redis/limits/encoder';
import { clearOverride, listOverrides, raiseLimit, setOverride } from '../../daemon/redis/limits/overrides';
import { readQuota, resetQuota } from '../../daemon/redis/limits/quotas';
import { refundRequest } from '../../daemon/redis/limits/refund';
import { restoreEntries } from '../../daemon/redis/limits/restore';
import type { RedisSpace } from './redis';

/** One admission, with defaults for what tests seldom set. */
export interface Ask {
  readonly policy: Policy;
  readonly subject: string;
  readonly cost?: number;
  readonly requestId?: string | undefined;
  readonly deadlineUs?: number | undefined;
  readonly wantsIds?: boolean;
}

interface Target {
  readonly subject: string;
  readonly policy: string;
  readonly limitName: string;
}

interface RaiseSize {
  readonly limit: number;
  readonly durationMs: number;
  readonly configuredLimit: number;
}

/** The deciding part of a daemon, without its listener: what goes to Redis and what comes back, call by call. */
export interface LimitStore {
  readonly keys: Keys;
  /** Decides on all in one call; each outcome may be an error. */
  admitAll(asks: readonly Ask[]): Promise<JoinedReply>;
  /** Decides on one; throws its error. */
  ask(ask: Ask): Promise<Outcome>;
  admit(ask: Ask): Promise<Decision>;
  /** Gives back what a request took. */
  refund(ask: Ask & { requestId: string }): Promise<Refund>;
  /** Writes admissions of an outage, each at its own time: what is wrong with each, or undefined. */
  restore(asks: readonly (Ask & { atUs: number })[]): Promise<(Error | undefined)[]>;
  /** Takes these policies as those in force, as a start or a reload does. */
  follow(...policies: Policy[]): Promise<void>;
  read(subject: string, policy: Policy): Promise<LimitStatus[]>;
  reset(subject: string, ...policies: Policy[]): Promise<number>;
  override(
    target: Target & { limit: number; expireTimeMs?: number | undefined },
  ): Promise<Override | undefined>;
  raise(target: Target & RaiseSize): Promise<Override | undefined>;
  clear(target: Target): Promise<boolean>;
  /** Lists overrides, and forgets those that have ended. */
  list(): Promise<readonly Override[]>;
}

/** Opens the deciding part on a space of one partition, as one more daemon. */
export async function openLimitStore({
  admissions: redis,
  prefix,
}: Pick<RedisSpace, 'admissions' | 'prefix'>): Promise<LimitStore> {
  const keys = createKeys({ prefix, partitions: 1 });
  const [claim = ''] = await claimStore(redis, keys, 1);
  const encoder = createEncoder(keys);
  const database = { redis, keys, encoder };

  function decideAll(asks: readonly Ask[]): Promise<JoinedReply> {
    const entries = asks.map(({ policy, subject, cost = 1, requestId, deadlineUs, wantsIds = false }) => ({
      admission: { subject, policy: policy.name, cost, requestId },
      policy,
      deadlineUs,
      wantsIds,
    }));
    return admitAll({ ...database, partition: 0, claim }, entries);
  }

  async function ask(asked: Ask): Promise<Outcome> {
    const [outcome] = (await decideAll([asked])).outcomes;
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    return outcome;
  }

  return {
    keys,
    admitAll: decideAll,
    ask,
    admit: async (asked) => (await ask(asked)).decision,
    refund: ({ policy, subject, requestId }) =>
      refundRequest(
        { ...database, partition: 0, claim },
        { request: { subject, policy: policy.name, requestId }, policy },
      ),
    restore: (asks) =>
      restoreEntries(
        { ...database, partition: 0, claim, hashOf: (subject) => `hash of ${subject}` },
        asks.map(({ policy, subject, cost = 1, requestId, atUs }) => ({
          admission: { subject, policy: policy.name, cost, requestId },
          policy,
          atUs,
        })),
      ),
    async follow(...policies) {
      encoder.setConversions(
        await announcePolicies({ redis, keys }, { partition: 0, policies, isNew: true }),
      );
    },
    read: (subject, policy) => readQuota(database, subject, policy),
    reset: (subject, ...policies) => resetQuota(database, subject, policies),
    override: ({ expireTimeMs, ...rest }) => setOverride(database, { ...rest, expireTimeMs, setBy: 'test' }),
    raise: (raise) => raiseLimit(database, { ...raise, setBy: 'test' }),
    clear: (target) => clearOverride(database, target),
    async list() {
      const query = { subject: undefined, pageSize: 1000, pageToken: undefined };
      return (await listOverrides({ redis, keys, partitions: 1 }, query)).overrides;
    },
  };
}

/** A policy of these limits; `remember` in milliseconds, as long as by default unless given. */
export function policyOf(limits: Policy['limits'], given: Partial<Policy> = {}): Policy {
  return {
    name: 'tried',
    limits,
    recordsConnections: false,
    onStoreFailure: 'deny',
    rememberMs: 60_000,
    ...given,
  };
}
