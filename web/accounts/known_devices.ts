import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';

/** How many accounts a browser remembers having logged in to, the latest first. */
const MOST_ACCOUNTS = 5;

const LIFETIME_MS = 365 * 24 * 60 * 60 * 1_000;

const NONCE_BYTES = 12;
const MAC_BYTES = 16;

const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } satisfies CookieOptions;

type Asking = { req: Request; res: Response; email: string };

/** The browsers that have logged in to an account before, each by a signed cookie. */
export type KnownDevices = {
  /**
   * The name under which password attempts for an account are counted. A browser that has logged in to it before has
   * its own, so that no stranger can use up the owner's attempts.
   */
  subjectOf(asking: Pick<Asking, 'req' | 'email'>): string;
  /** The name that all browsers share which have not logged in to the account. */
  accountSubjectOf(email: string): string;
  /** Remembers this browser as one that has logged in to the account. */
  remember(asking: Asking): void;
};

/** OWASP, "Slow Down Online Guessing Attacks with Device Cookies". Neither the cookie nor a subject shows an email. */
export function createKnownDevices(secret: string): KnownDevices {
  const macOf = (text: string) =>
    createHmac('sha256', secret).update(text).digest().subarray(0, MAC_BYTES).toString('base64url');
  const accountOf = (email: string) => macOf(`account ${email.toLowerCase()}`);
  const signed = (account: string, nonce: string) =>
    `${account}.${nonce}.${macOf(`device ${account} ${nonce}`)}`;

  function isOurs(entry: string): boolean {
    const [account = '', nonce = ''] = entry.split('.');
    const [given, right] = [Buffer.from(entry), Buffer.from(signed(account, nonce))];
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
      const account = accountOf(email);
      const own = entriesOf(req).find((entry) => entry.startsWith(`${account}.`));
      return own === undefined ? accountSubjectOf(email) : `device:${account}:${own.split('.')[1]}`;
    },

    remember({ req, res, email }) {
      const account = accountOf(email);
      const known = entriesOf(req);
      const own = known.find((entry) => entry.startsWith(`${account}.`));
      const first = own ?? signed(account, randomBytes(NONCE_BYTES).toString('base64url'));
      const entries = [first, ...known.filter((entry) => entry !== own)].slice(0, MOST_ACCOUNTS);
      res.cookie(nameFor(req), entries.join('~'), { ...COOKIE, secure: req.secure, maxAge: LIFETIME_MS });
    },
  };
}

/** Whether such a name is of one browser, and not of an account in all others. */
export function isOfBrowser(subject: string): boolean {
  return subject.startsWith('device:');
}

/** Browsers take a __Host- cookie from this very host only, so a sister site cannot plant one. */
function nameFor(req: Request): string {
  return req.secure ? '__Host-device' : 'device';
}
