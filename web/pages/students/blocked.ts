import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { browserIn, type KnownDevices } from '../../accounts/known_devices';
import type { User } from '../../accounts/user';
import type { Users } from '../../accounts/users';
import type { PageTime, Translator } from '../../i18n/translator';
import type { Blocked, QuotaClient } from '../../quota/client';
import { POLICIES } from '../../quota_names';
import { NOT_OF_IDS, policyName } from './standing';

const LISTED = Object.values(POLICIES);

/** The most listed for each policy. */
const MOST_SHOWN = 50;

/**
 * Who is blocked: a student, perhaps only in one known browser. An account goes unnamed if its email is known only by a
 * keyed hash, and a browser if the account was deleted.
 */
export type BlockedOne =
  | { kind: 'student'; id: number; name: string; browser: string | undefined }
  | { kind: 'address' | 'stranger'; subject: string }
  | { kind: 'account' | 'browser' };

/** One who is blocked now, as the page lists them. */
export type BlockedRow = {
  who: BlockedOne;
  subject: string;
  policy: string;
  policyName: string;
  /** When one more is free. */
  next: { delay: string; at: PageTime } | undefined;
};

export type BlockedList = { rows: BlockedRow[]; isPartial: boolean };

type Sources = {
  quota: QuotaClient;
  users: Users;
  devices: KnownDevices;
  /** The students on the page: their accounts can be named. */
  listed: readonly User[];
  translator: Translator;
};

/** Who is blocked, the latest first; undefined if the daemon does not answer. */
export async function readBlocked(sources: Sources): Promise<BlockedList | undefined> {
  const { quota, translator } = sources;
  try {
    const lists = await Promise.all(LISTED.map((policy) => quota.blocked({ policy, maxCount: MOST_SHOWN })));
    const blocked = lists
      .flatMap((list) => list.blocked)
      .sort((a, b) => b.denyTime.getTime() - a.denyTime.getTime());
    const students = await readStudents(sources, blocked);
    return {
      rows: blocked.map((each) => toRow(each, { who: whoIs(each, students), translator })),
      isPartial: lists.some((list) => list.isPartial),
    };
  } catch (error) {
    // The client has logged why. The accounts can still be listed.
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/** The students by the subjects under which they are counted. */
async function readStudents(
  { users, devices, listed }: Sources,
  blocked: readonly Blocked[],
): Promise<Map<string, User>> {
  const ids = blocked
    .map(({ policy, subject }) => (NOT_OF_IDS.has(policy) ? browserIn(subject)?.userId : Number(subject)))
    .filter((id) => id !== undefined)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  const found = ids.length === 0 ? [] : await users.findByIds([...new Set(ids)]);
  return new Map([
    ...found.map((user) => [String(user.id), user] as const),
    ...[...listed, ...found].map((user) => [devices.accountSubjectOf(user.email), user] as const),
  ]);
}

function whoIs({ policy, subject }: Blocked, students: ReadonlyMap<string, User>): BlockedOne {
  if (policy === POLICIES.loginAttempt) return { kind: 'address', subject };
  const browser = browserIn(subject);
  const user = students.get(browser === undefined ? subject : String(browser.userId));
  if (user !== undefined)
    return {
      kind: 'student',
      id: user.id,
      name: `${user.firstName} ${user.lastName}`,
      browser: browser?.nonce,
    };
  if (policy !== POLICIES.passwordAttempt) return { kind: 'stranger', subject };
  return { kind: browser === undefined ? 'account' : 'browser' };
}

function toRow(
  { subject, policy, limits }: Blocked,
  { who, translator }: { who: BlockedOne; translator: Translator },
): BlockedRow {
  // The tightest limit comes first; nothing ever comes back to a limit of 0.
  const delayMs = limits[0]?.nextDelayMs ?? 0;
  const next =
    delayMs > 0 ? { delay: translator.delay(delayMs), at: translator.clockIn(delayMs) } : undefined;
  const browser = who.kind === 'student' ? who.browser : undefined;
  return { who, subject, policy, policyName: policyName({ policy, browser }, translator), next };
}
