import type { CookieOptions, Request, RequestHandler, Response } from 'express';
import createMySqlStore from 'express-mysql-session';
import session, { type SessionData, type Store } from 'express-session';
import type { Pool } from 'mysql2/promise';
import type { Logger } from 'pino';
import type { Database } from '../database';
import { passwordMark } from './passwords';
import type { UserWithPassword } from './users';

const COOKIE_NAME = 'sid';

/** A working day: who logs in in the morning is not asked again in the afternoon. */
const LIFETIME_MS = 8 * 60 * 60 * 1_000;

const CLEAN_UP_INTERVAL_MS = 15 * 60 * 1_000;

const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } satisfies CookieOptions;

declare module 'express-session' {
  interface SessionData {
    userId: number;
    /** Of the password that was right when the session began: when it changes, the session is over. */
    passwordMark: string;
  }
}

/**
 * Sessions in MySQL, which survive a restart and are shared by all instances. The migrations make the table;
 * `close` leaves the pool open.
 */
export function createSessionStore({ pool, logger }: { pool: Pool; logger: Logger }): {
  store: Store;
  close: () => void;
} {
  const MySqlStore = createMySqlStore(session);
  // The store's own clean-up lets a failure go unhandled, which would end the process: ours logs it.
  const options = { createDatabaseTable: false, clearExpired: false, endConnectionOnClose: false };
  const store = new MySqlStore(options, pool.pool);
  const timer = setInterval(() => {
    store.clearExpiredSessions().catch((err) => logger.warn({ err }, 'expired sessions stay for now'));
  }, CLEAN_UP_INTERVAL_MS);
  timer.unref();
  return { store, close: () => clearInterval(timer) };
}

/** Reads the visitor's session. Makes no row and sets no cookie until somebody logs in. */
export function sessions({ store, secret }: { store: Store; secret: string }): RequestHandler {
  return session({
    name: COOKIE_NAME,
    secret,
    store,
    resave: false,
    saveUninitialized: false,
    cookie: { ...COOKIE, secure: 'auto', maxAge: LIFETIME_MS },
  });
}

/** Logs a user in under a new session id, so that one planted before is worth nothing. */
export async function startSession(
  req: Request,
  { id, passwordHash }: Pick<UserWithPassword, 'id' | 'passwordHash'>,
): Promise<void> {
  await settle((done) => req.session.regenerate(done));
  req.session.userId = id;
  req.session.passwordMark = passwordMark(passwordHash);
  await settle((done) => req.session.save(done));
}

/** Forgets the session and its cookie. */
export async function endSession(req: Request, res: Response): Promise<void> {
  await settle((done) => req.session.destroy(done));
  res.clearCookie(COOKIE_NAME, { ...COOKIE, secure: req.secure });
}

/** What is kept of a session; undefined if it has ended. */
export function readSession(store: Store, id: string): Promise<SessionData | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, found) => (error ? reject(error) : resolve(found ?? undefined)));
  });
}

/** Ends all sessions of a user. Reads every session, so it is for operators' commands, not for pages. */
export async function deleteSessions(database: Database, userId: number): Promise<void> {
  await database.execute("DELETE FROM sessions WHERE JSON_EXTRACT(data, '$.userId') = ?", [userId]);
}

function settle(start: (done: (error: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}
