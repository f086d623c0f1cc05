import type { MessageKey } from '../../i18n/messages';
import type { PageTime, Translator } from '../../i18n/translator';
import type { Limit, Quota, QuotaClient } from '../../quota/client';
import { QuotaUnavailable } from '../../quota/unavailable';
import { LOGIN_ATTEMPT_POLICY } from '../login/attempt';

/** What the policies are to people; one that an operator added goes by its own name. */
const POLICY_NAMES: ReadonlyMap<string, MessageKey> = new Map([
  ['connection', 'students.policy.connection'],
  ['service-call', 'students.policy.service-call'],
]);

type Wait = { delay: string; at: PageTime };

type LimitStanding = {
  limit: number;
  remaining: number;
  window: string;
  /** When one more comes back, and when all are free; undefined where all are. */
  next: Wait | undefined;
  all: Wait | undefined;
};

/** Where a user stands with one policy, as a page tells it. */
export type Standing = {
  policy: string;
  name: string;
  isBlocked: boolean;
  /** Nothing is taken, so there is nothing to give back. */
  isUntouched: boolean;
  limits: LimitStanding[];
};

/** Where a user stands with every policy that counts users; undefined where the daemon does not say. */
export async function readQuotas(quota: QuotaClient, userId: number): Promise<Quota[] | undefined> {
  try {
    const quotas = await quota.quotas({ subject: String(userId) });
    return quotas.filter(({ policy, limits }) => policy !== LOGIN_ATTEMPT_POLICY && limits.length > 0);
  } catch (error) {
    // The client has logged why. Who it is can be shown all the same.
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/** Puts a quota into words. */
export function toStanding({ policy, limits }: Quota, translator: Translator): Standing {
  return {
    policy,
    name: nameOf(policy, translator),
    isBlocked: limits.some(({ remaining }) => remaining === 0),
    isUntouched: limits.every(({ remaining, limit }) => remaining === limit),
    limits: limits.map((limit) => toLimitStanding(limit, translator)),
  };
}

function nameOf(policy: string, { t }: Translator): string {
  const key = POLICY_NAMES.get(policy);
  return key === undefined ? policy : t(key);
}

function toLimitStanding(status: Limit, translator: Translator): LimitStanding {
  const { limit, remaining, windowMs, nextDelayMs, resetDelayMs } = status;
  const wait = (ms: number): Wait | undefined =>
    ms > 0 ? { delay: translator.delay(ms), at: translator.clockIn(ms) } : undefined;
  return {
    limit,
    remaining,
    window: translator.delay(windowMs),
    next: wait(nextDelayMs),
    all: wait(resetDelayMs),
  };
}
