import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { MessageKey } from '../../i18n/messages';
import type { PageTime, Translator } from '../../i18n/translator';
import type { Limit, Quota, QuotaClient, RaiseBound } from '../../quota/client';
import { POLICIES } from '../../quota_names';
import { offeredHours, type RaiseBounds, raiseBounds } from './raise_form';
import { type Counted, subjectIn } from './subjects';

/** The policies whose subjects are no ids of users. */
export const NOT_OF_IDS: ReadonlySet<string> = new Set([POLICIES.loginAttempt, POLICIES.passwordAttempt]);

/** The names of the policies for people; a policy added by an operator keeps its own name. */
const POLICY_NAMES: ReadonlyMap<string, MessageKey> = new Map<string, MessageKey>([
  [POLICIES.connection, 'students.policy.connection'],
  [POLICIES.serviceCall, 'students.policy.service-call'],
  [POLICIES.loginAttempt, 'students.policy.login-attempt'],
  [POLICIES.passwordAttempt, 'students.policy.password-attempt'],
]);

type Wait = { delay: string; at: PageTime };

/** How a limit can be raised from the page. */
export type RaiseOffer = RaiseBounds & { limitName: string; hours: readonly number[] };

export type LimitStanding = {
  limit: number;
  remaining: number;
  window: string;
  /** When one more comes back, and when all are free; undefined if all are. */
  next: Wait | undefined;
  all: Wait | undefined;
  /** The size set for this student, if it differs from the configured one. */
  isOverridden: boolean;
  /** Undefined if it cannot be raised any further. */
  raise: RaiseOffer | undefined;
};

/** A user's state in one policy, as a page shows it. */
export type Standing = {
  policy: string;
  name: string;
  /** Whom it concerns, if not the student everywhere. */
  note: string | undefined;
  isBlocked: boolean;
  /** Nothing is taken, so there is nothing to reset. */
  isUntouched: boolean;
  limits: LimitStanding[];
};

/** A student's state in each policy that counts students; undefined if the daemon does not answer. */
export async function readQuotas(quota: QuotaClient, counted: Counted): Promise<Quota[] | undefined> {
  const policy = POLICIES.passwordAttempt;
  try {
    const [ofId, ofAccount] = await Promise.all([
      quota.quotas({ subject: String(counted.student.id) }),
      quota.quotas({ subject: subjectIn(policy, counted), policy }),
    ]);
    return [...ofId.filter((each) => !NOT_OF_IDS.has(each.policy)), ...ofAccount].filter(
      ({ limits }) => limits.length > 0,
    );
  } catch (error) {
    // The client has logged why. The account can still be shown.
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/** Describes a quota in words. */
export function toStanding({ policy, limits, raises }: Quota, translator: Translator): Standing {
  return {
    policy,
    name: policyName(policy, translator),
    note:
      policy === POLICIES.passwordAttempt ? translator.t('students.policy.password-attempt.note') : undefined,
    isBlocked: limits.some(({ remaining }) => remaining === 0),
    isUntouched: limits.every(({ remaining, limit }) => remaining === limit),
    limits: limits.map((limit) => toLimitStanding(limit, { translator, bound: raises[limit.name] })),
  };
}

/** The name of a policy for people. */
export function policyName(policy: string, { t }: Translator): string {
  const key = POLICY_NAMES.get(policy);
  return key === undefined ? policy : t(key);
}

function toLimitStanding(
  status: Limit,
  { translator, bound }: { translator: Translator; bound: RaiseBound | undefined },
): LimitStanding {
  const { limit, remaining, windowMs, nextDelayMs, resetDelayMs, overridden } = status;
  const wait = (ms: number): Wait | undefined =>
    ms > 0 ? { delay: translator.delay(ms), at: translator.clockIn(ms) } : undefined;
  return {
    limit,
    remaining,
    window: translator.delay(windowMs),
    next: wait(nextDelayMs),
    all: wait(resetDelayMs),
    isOverridden: overridden,
    raise: bound && bound.limit > limit ? offerOf(status, bound) : undefined,
  };
}

function offerOf({ name, limit }: Limit, bound: RaiseBound): RaiseOffer {
  return { limitName: name, ...raiseBounds(limit, bound), hours: offeredHours(bound) };
}
