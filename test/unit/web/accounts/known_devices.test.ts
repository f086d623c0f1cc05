import { describe, expect, test } from '@jest/globals';
import type { CookieOptions, Request, Response } from 'express';
import { createKnownDevices } from '../../../../web/accounts/known_devices';

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
    for (const { req, res } of [one, two]) devices.remember({ req, res, email });
    const names = [one, two].map(({ req }) => devices.subjectOf({ req, email }));
    devices.remember({ ...one, email });

    expect(new Set(names).size).toBe(2);
    expect(devices.subjectOf({ req: one.req, email })).toBe(names[0]);
  });

  test('the last five accounts are known; an older one not any more', () => {
    const { req, res } = createBrowser();
    const emails = Array.from({ length: 6 }, (_, at) => `user${at}@example.org`);
    for (const email of emails) devices.remember({ req, res, email });
    const kinds = emails.map((email) => devices.subjectOf({ req, email }).split(':')[0]);

    expect(kinds).toEqual(['account', ...Array(5).fill('device')]);
  });

  test.each(['', 'a.b.c', '..', '~~~', 'x'.repeat(4000)])(
    'a cookie that is not ours (%s) is not known',
    (device) => {
      const { req } = createBrowser({ cookies: { device } });

      expect(devices.subjectOf({ req, email: 'ada@example.org' })).toMatch(/^account:/);
    },
  );

  test('a cookie of another secret, or of another account, is not known', () => {
    const { req, res, cookies } = createBrowser();
    createKnownDevices('another secret').remember({ req, res, email: 'ada@example.org' });
    expect(devices.subjectOf({ req, email: 'ada@example.org' })).toMatch(/^account:/);
    devices.remember({ req, res, email: 'bob@example.org' });
    const account = devices.subjectOf({ req, email: 'ada@example.org' }).slice('account:'.length);
    cookies.device = (cookies.device ?? '').replace(/^[^.]+/, account);

    expect(devices.subjectOf({ req, email: 'ada@example.org' })).toBe(`account:${account}`);
  });

  test('its cookie is not for scripts and, over TLS, for this host alone', () => {
    const browser = createBrowser({ secure: true });
    devices.remember({ ...browser, email: 'ada@example.org' });

    expect(Object.keys(browser.cookies)).toEqual(['__Host-device']);
    expect(browser.given).toMatchObject([{ httpOnly: true, sameSite: 'lax', secure: true, path: '/' }]);
  });
});
