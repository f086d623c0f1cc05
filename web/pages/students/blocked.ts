import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { Users } from '../../accounts/users';
import type { PageTime, Translator } from '../../i18n/translator';
import type { Blocked, QuotaClient } from '../../quota/client';
import { POLICIES } from '../../quota_names';
import { policyName } from './standing';

/** The policies whose subjects are students, and the one whose subjects are addresses. */
const LISTED = [POLICIES.connection, POLICIES.serviceCall, POLICIES.loginAttempt];

/** The most listed for each policy. */
const MOST_SHOWN = 50;

/** A student, or an address, that is blocked now, as the page lists them. */
export type BlockedRow = {
  subject: string;
  isAddress: boolean;
  /** Undefined for an address, or if the site has no such account. */
  name: string | undefined;
  policy: string;
  policyName: string;
  /** When one more is free. */
  next: { delay: string; at: PageTime } | undefined;
};

export type BlockedList = { rows: BlockedRow[]; isPartial: boolean };

type Sources = { quota: QuotaClient; users: Users; translator: Translator };

/** The blocked students and addresses, the latest first; undefined if the daemon does not answer. */
export async function readBlocked({ quota, users, translator }: Sources): Promise<BlockedList | undefined> {
  try {
    const lists = await Promise.all(LISTED.map((policy) => quota.blocked({ policy, maxCount: MOST_SHOWN })));
    const blocked = lists
      .flatMap((list) => list.blocked)
      .sort((a, b) => b.denyTime.getTime() - a.denyTime.getTime());
    const names = await readNames(users, blocked);
    return {
      rows: blocked.map((each) => toRow(each, names.get(each.subject), translator)),
      isPartial: lists.some((list) => list.isPartial),
    };
  } catch (error) {
    // The client has logged why. The accounts can still be listed.
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

async function readNames(users: Users, blocked: readonly Blocked[]): Promise<Map<string, string>> {
  const ids = blocked
    .filter(({ policy }) => policy !== POLICIES.loginAttempt)
    .map(({ subject }) => Number(subject))
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  const found = ids.length === 0 ? [] : await users.findByIds([...new Set(ids)]);
  return new Map(found.map(({ id, firstName, lastName }) => [String(id), `${firstName} ${lastName}`]));
}

function toRow(
  { subject, policy, limits }: Blocked,
  name: string | undefined,
  translator: Translator,
): BlockedRow {
  // The tightest limit comes first; nothing ever comes back to a limit of 0.
  const delayMs = limits[0]?.nextDelayMs ?? 0;
  const next =
    delayMs > 0 ? { delay: translator.delay(delayMs), at: translator.clockIn(delayMs) } : undefined;
  const isAddress = policy === POLICIES.loginAttempt;
  return {
    subject,
    isAddress,
    name: isAddress ? undefined : name,
    policy,
    policyName: policyName(policy, translator),
    next,
  };
}
