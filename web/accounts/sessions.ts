import type { CookieOptions, Request, RequestHandler, Response } from 'express';
import session, { type SessionData, type Store } from 'express-session';
import type { Pool } from 'mysql2/promise';
import type { Logger } from 'pino';
import { cleanUpRegularly } from '../clean_up';
import { passwordMark } from './passwords';
import { type SessionStore, toStore } from './session_store';
import { sessionsTable } from './sessions_table';
import type { UserWithPassword } from './user';

const COOKIE_NAME = 'sid';

/** Browsers take a __Host- cookie from this very host only, and over TLS only, so nobody else can plant one. */
const COOKIE_NAME_BEHIND_TLS = '__Host-sid';

/** A session ends after a working day without a request: a login in the morning still holds in the afternoon. */
const IDLE_MS = 8 * 60 * 60 * 1_000;

/** The longest life of a session, however busy it is. */
export const LONGEST_MS = 7 * 24 * 60 * 60 * 1_000;

const COOKIE = { path: '/', httpOnly: true, sameSite: 'lax' } satisfies CookieOptions;

declare module 'express-session' {
  interface SessionData {
    userId: number;
    /** Identifies the password at the time of the login: when it changes, the session is over. */
    passwordMark: string;
    /** When the user logged in, in milliseconds since 1970. */
    started: number;
  }
}

/**
 * Sessions in MySQL, which survive a restart and are shared by all instances. The migrations make the table;
 * `close` leaves the pool open.
 */
export function createSessionStore({ pool, logger }: { pool: Pool; logger: Logger }): {
  store: SessionStore;
  close: () => void;
} {
  const table = sessionsTable(pool);
  const close = cleanUpRegularly({
    work: table.removeEnded,
    failure: 'expired sessions could not be deleted yet',
    logger,
  });
  return { store: toStore(table), close };
}

/** Reads the visitor's session. Makes no row and sets no cookie before a login. */
export function sessions({ store, secret }: { store: Store; secret: string }): RequestHandler {
  const reader = (name: string) =>
    session({
      name,
      secret,
      store,
      resave: false,
      saveUninitialized: false,
      // With each answer; the row within a minute of it (session_store.ts). So browser and server forget a session within that minute.
      rolling: true,
      cookie: { ...COOKIE, secure: 'auto', maxAge: IDLE_MS },
    });
  const plain = reader(COOKIE_NAME);
  const behindTls = reader(COOKIE_NAME_BEHIND_TLS);
  return (req, res, next) => (req.secure ? behindTls : plain)(req, res, next);
}

/** Logs a user in under a new session id, so that one planted before is worthless. */
export async function startSession(
  req: Request,
  { id, passwordHash }: Pick<UserWithPassword, 'id' | 'passwordHash'>,
): Promise<void> {
  await settle((done) => req.session.regenerate(done));
  req.session.userId = id;
  req.session.passwordMark = passwordMark(passwordHash);
  req.session.started = Date.now();
  await settle((done) => req.session.save(done));
}

/** Whether a session has reached the longest life. */
export function isOver({ started }: Partial<SessionData>): boolean {
  return started !== undefined && Date.now() >= started + LONGEST_MS;
}

/** Makes a session end after a time without requests, and at the latest after the longest life. */
export function limitLifetime(current: Request['session']): void {
  // A session from before this time was stored gets a whole life.
  current.started ??= Date.now();
  current.cookie.maxAge = Math.min(IDLE_MS, current.started + LONGEST_MS - Date.now());
}

/** Deletes the session and its cookie. */
export async function endSession(req: Request, res: Response): Promise<void> {
  await settle((done) => req.session.destroy(done));
  const { secure } = req;
  res.clearCookie(secure ? COOKIE_NAME_BEHIND_TLS : COOKIE_NAME, { ...COOKIE, secure });
}

/** The stored data of a session; undefined if it has ended. */
export function readSession(store: Store, id: string): Promise<SessionData | undefined> {
  return new Promise((resolve, reject) => {
    store.get(id, (error, found) => (error ? reject(error) : resolve(found ?? undefined)));
  });
}

function settle(start: (done: (error: unknown) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}
