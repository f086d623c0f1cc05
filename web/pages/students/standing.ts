import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { browserIn } from '../../accounts/known_devices';
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

/** As many as the daemon lists. */
const MOST_LISTED = 100;

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

/** A student's state in one policy; of password attempts also in one known browser that is blocked. */
export type StudentQuota = Quota & { browser?: string };

/** A user's state in one policy, as a page shows it. */
export type Standing = {
  policy: string;
  browser: string | undefined;
  name: string;
  /** Whom it concerns, if not the student everywhere. */
  note: string | undefined;
  isBlocked: boolean;
  /** Nothing is taken, so there is nothing to reset. */
  isUntouched: boolean;
  limits: LimitStanding[];
};

/**
 * A student's state in each policy that counts students, and in each known browser that is blocked; undefined if the
 * daemon does not answer.
 */
export async function readQuotas(quota: QuotaClient, counted: Counted): Promise<StudentQuota[] | undefined> {
  const policy = POLICIES.passwordAttempt;
  try {
    const [ofId, ofAccount, ofBrowsers] = await Promise.all([
      quota.quotas({ subject: String(counted.student.id) }),
      quota.quotas({ subject: subjectIn(policy, counted), policy }),
      readBrowsers(quota, counted.student.id),
    ]);
    return [...ofId.filter((each) => !NOT_OF_IDS.has(each.policy)), ...ofAccount, ...ofBrowsers].filter(
      ({ limits }) => limits.length > 0,
    );
  } catch (error) {
    // The client has logged why. The account can still be shown.
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/**
 * Only those among the lately blocked: no name of another browser is known here. None if the daemon cannot list them, which
 * needs all of its store, as the student's own quotas do not.
 */
async function readBrowsers(quota: QuotaClient, studentId: number): Promise<StudentQuota[]> {
  const policy = POLICIES.passwordAttempt;
  const { blocked } = await quota.blocked({ policy, maxCount: MOST_LISTED }).catch(noneIfUnavailable);
  return blocked.flatMap(({ subject, limits }) => {
    const browser = browserIn(subject);
    return browser?.userId === studentId ? [{ policy, limits, raises: {}, browser: browser.nonce }] : [];
  });
}

function noneIfUnavailable(error: unknown): { blocked: [] } {
  // The client has logged why.
  if (error instanceof QuotaUnavailable) return { blocked: [] };
  throw error;
}

/** Describes a quota in words. */
export function toStanding(
  { policy, browser, limits, raises }: StudentQuota,
  translator: Translator,
): Standing {
  return {
    policy,
    browser,
    name: policyName({ policy, browser }, translator),
    note: noteOf({ policy, browser }, translator),
    isBlocked: limits.some(({ remaining }) => remaining === 0),
    isUntouched: limits.every(({ remaining, limit }) => remaining === limit),
    limits: limits.map((limit) => toLimitStanding(limit, { translator, bound: raises[limit.name] })),
  };
}

type Named = { policy: string; browser: string | undefined };

/** The name of a policy for people. */
export function policyName({ policy, browser }: Named, { t }: Translator): string {
  if (browser !== undefined) return t('students.policy.password-attempt.browser');
  const key = POLICY_NAMES.get(policy);
  return key === undefined ? policy : t(key);
}

function noteOf({ policy, browser }: Named, { t }: Translator): string | undefined {
  if (policy !== POLICIES.passwordAttempt) return undefined;
  return t(
    browser === undefined
      ? 'students.policy.password-attempt.note'
      : 'students.policy.password-attempt.browser.note',
  );
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
