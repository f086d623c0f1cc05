import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { SessionData } from 'express-session';
import { type SessionStore, toStore } from '../../../../web/accounts/session_store';
import type { SessionsTable } from '../../../../web/accounts/sessions_table';
import type { UserWithPassword } from '../../../../web/accounts/user';

const MINUTE_MS = 60_000;
const LIFE_MS = 8 * 60 * MINUTE_MS;

/** When the session was written. */
const START_MS = Date.parse('2026-11-26T08:00:00Z');

const ADA: UserWithPassword = {
  id: 7,
  email: 'ada@example.org',
  firstName: 'Ada',
  lastName: 'Lovelace',
  role: 'student',
  created: new Date(0),
  unseenSales: 0,
  passwordHash: 'a-hash',
};

let storedEnd: Date;
let account: UserWithPassword | undefined;
let store: SessionStore;
const extend = jest.fn<SessionsTable['extend']>();

beforeEach(() => {
  storedEnd = new Date(START_MS + LIFE_MS);
  account = ADA;
  extend.mockReset().mockImplementation(async (_id, end) => {
    storedEnd = end;
  });
  const unused = () => Promise.reject(new Error('not to be called'));
  const read = async () => ({ session: sessionUntil(storedEnd), user: account });
  store = toStore({ read, extend, write: unused, remove: unused, removeEnded: unused, removeOfUser: unused });
});

function sessionUntil(expires: Date): SessionData {
  const cookie = { originalMaxAge: LIFE_MS, expires };
  return { cookie, userId: 7, passwordMark: 'a-mark', started: START_MS };
}

function load(): Promise<SessionData> {
  return new Promise((resolve, reject) => {
    store.load('sid', (error, session) => (session ? resolve(session) : reject(error)));
  });
}

/** A request at a time, which puts the session's end off to a whole life from then. */
async function visit(atMs: number): Promise<void> {
  const session = await load();
  session.cookie.expires = new Date(atMs + LIFE_MS);
  await new Promise<void>((resolve) => store.touch?.('sid', session, resolve));
}

describe('session store', () => {
  test('session store: requests within a minute write the end once', async () => {
    for (const seconds of [1, 20, 40, 59, 60, 61, 100, 119]) await visit(START_MS + seconds * 1_000);
    expect(extend.mock.calls).toEqual([['sid', new Date(START_MS + MINUTE_MS + LIFE_MS)]]);
  });

  test('session store: the stored end is never a minute away from a life after the last request', async () => {
    for (let atMs = START_MS; atMs < START_MS + 2 * 60 * MINUTE_MS; atMs += 17_000) {
      await visit(atMs);
      const lateMs = atMs + LIFE_MS - storedEnd.getTime();
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(MINUTE_MS);
    }
  });

  test('session store: an end that comes nearer is written as well', async () => {
    const session = await load();
    session.cookie.expires = new Date(START_MS + MINUTE_MS);
    await new Promise<void>((resolve) => store.touch?.('sid', session, resolve));
    expect(storedEnd).toEqual(new Date(START_MS + MINUTE_MS));
  });

  test('session store: an end that need not be written is reported at once, so that a page is sent in one piece', async () => {
    const session = await load();
    const done = jest.fn();
    store.touch?.('sid', session, done);
    expect(done).toHaveBeenCalledTimes(1);
  });

  test('session store: knows the account of a session that it read, and none for one that was deleted', async () => {
    expect(store.userOf?.(await load())).toEqual(ADA);
    account = undefined;
    expect(store.userOf?.(await load())).toBeUndefined();
  });
});
