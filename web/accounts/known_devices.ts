import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';
import type { User } from './user';

/** How many accounts a browser remembers having logged in to, the latest first. */
const MOST_ACCOUNTS = 5;

const LIFETIME_MS = 365 * 24 * 60 * 60 * 1_000;

const NONCE_BYTES = 12;
const MAC_BYTES = 16;

const NONCE = /^[\w-]{16}$/;
const BROWSER_SUBJECT = /^device:(\d+):([\w-]{16})$/;

const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } satisfies CookieOptions;

type Asking = { req: Request; email: string };

/** A browser that has logged in to an account before: whose it is, and which of theirs. */
export type KnownBrowser = { userId: number; nonce: string };

/** The browsers that have logged in to an account before, each by a signed cookie. */
export type KnownDevices = {
  /**
   * The name under which password attempts for an account are counted. A browser that has logged in to it before has
   * its own, so that no stranger can use up the owner's attempts.
   */
  subjectOf(asking: Asking): string;
  /** The name that all browsers share which have not logged in to the account. */
  accountSubjectOf(email: string): string;
  /** Remembers this browser as one that has logged in to the account. */
  remember(entering: { req: Request; res: Response; user: Pick<User, 'id' | 'email'> }): void;
};

/** OWASP, "Slow Down Online Guessing Attacks with Device Cookies". Neither the cookie nor a subject shows an email. */
export function createKnownDevices(secret: string): KnownDevices {
  const macOf = (text: string) =>
    createHmac('sha256', secret).update(text).digest().subarray(0, MAC_BYTES).toString('base64url');
  const accountOf = (email: string) => macOf(`account ${email.toLowerCase()}`);
  const signed = (account: string, nonce: string, userId: string | number) =>
    `${account}.${nonce}.${userId}.${macOf(`device ${account} ${nonce} ${userId}`)}`;

  function isOurs(entry: string): boolean {
    const [account = '', nonce = '', userId = ''] = entry.split('.');
    const [given, right] = [Buffer.from(entry), Buffer.from(signed(account, nonce, userId))];
    return given.length === right.length && timingSafeEqual(given, right);
  }

  function entriesOf(req: Request): string[] {
    const cookie: unknown = req.cookies[nameFor(req)];
    return typeof cookie === 'string' ? cookie.split('~').slice(0, MOST_ACCOUNTS).filter(isOurs) : [];
  }

  const accountSubjectOf = (email: string) => `account:${accountOf(email)}`;

  return {
    accountSubjectOf,

    subjectOf({ req, email }) {
      const own = entriesOf(req).find((entry) => entry.startsWith(`${accountOf(email)}.`));
      if (own === undefined) return accountSubjectOf(email);
      const [, nonce = '', userId] = own.split('.');
      return browserSubjectOf({ userId: Number(userId), nonce });
    },

    remember({ req, res, user }) {
      const account = accountOf(user.email);
      const known = entriesOf(req);
      const own = known.find((entry) => entry.startsWith(`${account}.`));
      const nonce = own?.split('.')[1] ?? randomBytes(NONCE_BYTES).toString('base64url');
      // The account may be a new one with the email of a deleted one.
      const first = signed(account, nonce, user.id);
      const entries = [first, ...known.filter((entry) => entry !== own)].slice(0, MOST_ACCOUNTS);
      res.cookie(nameFor(req), entries.join('~'), { ...COOKIE, secure: req.secure, maxAge: LIFETIME_MS });
    },
  };
}

/** Whether a form names a known browser. */
export function isNonce(value: unknown): value is string {
  return typeof value === 'string' && NONCE.test(value);
}

/**
 * The name under which the password attempts from a known browser are counted. It holds the id of an account, also for the
 * quarter of an hour for which the daemon keeps it once that account is deleted.
 */
export function browserSubjectOf({ userId, nonce }: KnownBrowser): string {
  return `device:${userId}:${nonce}`;
}

/** The known browser of such a name; undefined if it is the name of an account in all others. */
export function browserIn(subject: string): KnownBrowser | undefined {
  const [, userId, nonce] = BROWSER_SUBJECT.exec(subject) ?? [];
  return userId === undefined || nonce === undefined ? undefined : { userId: Number(userId), nonce };
}

/** Browsers take a __Host- cookie from this very host only, so a sister site cannot plant one. */
function nameFor(req: Request): string {
  return req.secure ? '__Host-device' : 'device';
}
