import { describe, expect, test } from '@jest/globals';
import type { CookieOptions, Request, Response } from 'express';
import { browserIn, createKnownDevices } from '../../../../web/accounts/known_devices';

const devices = createKnownDevices('a secret of this test');

/** A browser that keeps the cookie that it is given. */
function createBrowser({ secure = false, cookies = {} as Record<string, string> } = {}) {
  const given: CookieOptions[] = [];
  const req = { secure, cookies } as unknown as Request;
  const res = {
    cookie(name: string, value: string, options: CookieOptions) {
      cookies[name] = value;
      given.push(options);
    },
  } as unknown as Response;
  return { req, res, cookies, given };
}

describe('known devices', () => {
  test('a browser that is not known has the account without its email', () => {
    const { req } = createBrowser();
    const subject = devices.subjectOf({ req, email: 'Ada@example.org' });

    expect(subject).toMatch(/^account:[\w-]{22}$/);
    expect(devices.accountSubjectOf('ada@example.org')).toBe(subject);
    expect(subject).toBe(devices.subjectOf({ req, email: 'ada@example.org' }));
    expect(subject).not.toBe(devices.subjectOf({ req, email: 'bob@example.org' }));
  });

  test('two browsers of one account have each a name of its own that stays', () => {
    const [one, two] = [createBrowser(), createBrowser()];
    const email = 'ada@example.org';
    for (const { req, res } of [one, two]) devices.remember({ req, res, user: { id: 1, email } });
    const names = [one, two].map(({ req }) => devices.subjectOf({ req, email }));
    devices.remember({ ...one, user: { id: 1, email } });

    expect(new Set(names).size).toBe(2);
    expect(devices.subjectOf({ req: one.req, email })).toBe(names[0]);
  });

  test('the last five accounts are known; an older one not any more', () => {
    const { req, res } = createBrowser();
    const emails = Array.from({ length: 6 }, (_, at) => `user${at}@example.org`);
    for (const [at, email] of emails.entries()) devices.remember({ req, res, user: { id: at + 1, email } });
    const kinds = emails.map((email) => devices.subjectOf({ req, email }).split(':')[0]);

    expect(kinds).toEqual(['account', ...Array(5).fill('device')]);
  });

  test('the name of a browser shows whose it is, also if an account was made anew with the same email', () => {
    const browser = createBrowser();
    const email = 'ada@example.org';
    const ids = [7, 8].map((id) => {
      devices.remember({ ...browser, user: { id, email } });
      return browserIn(devices.subjectOf({ req: browser.req, email }))?.userId;
    });

    expect(ids).toEqual([7, 8]);
    expect(browserIn(devices.accountSubjectOf(email))).toBeUndefined();
  });

  test.each(['', 'a.b.c', 'a.b.1.c', '..', '~~~', 'x'.repeat(4000)])(
    'a cookie that is not ours (%s) is not known',
    (device) => {
      const { req } = createBrowser({ cookies: { device } });

      expect(devices.subjectOf({ req, email: 'ada@example.org' })).toMatch(/^account:/);
    },
  );

  test('a cookie of another secret, or of another account, is not known', () => {
    const { req, res, cookies } = createBrowser();
    createKnownDevices('another secret').remember({
      ...{ req, res },
      user: { id: 1, email: 'ada@example.org' },
    });
    expect(devices.subjectOf({ req, email: 'ada@example.org' })).toMatch(/^account:/);
    devices.remember({ req, res, user: { id: 2, email: 'bob@example.org' } });
    const account = devices.subjectOf({ req, email: 'ada@example.org' }).slice('account:'.length);
    const ours = cookies.device ?? '';
    for (const forged of [ours.replace(/^[^.]+/, account), ours.replace('.2.', '.1.')]) {
      cookies.device = forged;
      for (const email of ['ada@example.org', 'bob@example.org'])
        expect(devices.subjectOf({ req, email })).toBe(devices.accountSubjectOf(email));
    }
  });

  test('its cookie is not for scripts and, over TLS, for this host alone', () => {
    const browser = createBrowser({ secure: true });
    devices.remember({ ...browser, user: { id: 1, email: 'ada@example.org' } });

    expect(Object.keys(browser.cookies)).toEqual(['__Host-device']);
    expect(browser.given).toMatchObject([{ httpOnly: true, sameSite: 'lax', secure: true, path: '/' }]);
  });
});
