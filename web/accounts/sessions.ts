import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { passwordMark } from './passwords';
import { createSessionCookie, type SessionCookie } from './session_cookie';
import type { SessionData, SessionsTable } from './sessions_table';
import type { User, UserWithPassword } from './user';

/** A session ends after a working day without a request: a login in the morning still holds in the afternoon. */
const IDLE_MS = 8 * 60 * 60 * 1_000;

/** The longest life of a session, however busy it is. */
export const LONGEST_MS = 7 * 24 * 60 * 60 * 1_000;

/** The end of a session is written again when it has moved by so much: most pages then write nothing. */
const END_STEP_MS = 60_000;

/** Nobody guesses one. */
const ID_BYTES = 24;

declare global {
  namespace Express {
    interface Request {
      /** Undefined for a visitor. */
      sessionId?: string;
    }
  }
}

type SessionParts = { table: SessionsTable; secret: string };
type Sessions = { table: SessionsTable; cookie: SessionCookie };
type Answering = { req: Request; res: Response };

/**
 * Reads the session of each request with its account as it is now, so that a changed role or a closed account counts at once, and a
 * changed password ends the sessions that the old one opened. Puts off the session's end: the cookie's with each answer, the row's
 * within a minute of it. Makes no row and sets no cookie before a login.
 */
export function sessions({ table, secret }: SessionParts): RequestHandler {
  const cookie = createSessionCookie(secret);
  const own: Sessions = { table, cookie };
  return async (req, res, next) => {
    res.locals.sessions = own;
    const id = cookie.read(req);
    if (id !== undefined) await resume(id, { req, res });
    next();
  };
}

async function resume(id: string, answering: Answering): Promise<void> {
  const { req, res } = answering;
  const { table, cookie } = sessionsOf(res);
  const found = await table.read(id);
  if (found === undefined) return;
  req.sessionId = id;
  const user = userIn(found);
  if (user === undefined) return endSession(req, res);
  const end = endOf(found.data);
  if (Math.abs(end.getTime() - found.end.getTime()) >= END_STEP_MS) await table.extend(id, end);
  cookie.write(answering, { id, end });
  res.locals.user = user;
}

/** Logs a user in under a new session id, so that one planted before is worthless. */
export async function startSession(
  { req, res }: Answering,
  { id: userId, passwordHash }: Pick<UserWithPassword, 'id' | 'passwordHash'>,
): Promise<void> {
  const { table, cookie } = sessionsOf(res);
  if (req.sessionId !== undefined) await table.remove(req.sessionId);
  const id = randomBytes(ID_BYTES).toString('base64url');
  const data = { userId, passwordMark: passwordMark(passwordHash), started: Date.now() };
  const end = endOf(data);
  await table.write(id, { data, end });
  req.sessionId = id;
  cookie.write({ req, res }, { id, end });
}

/** Deletes the session and its cookie. */
export async function endSession(req: Request, res: Response): Promise<void> {
  const { table, cookie } = sessionsOf(res);
  if (req.sessionId !== undefined) await table.remove(req.sessionId);
  delete req.sessionId;
  cookie.clear({ req, res });
}

/** Returns the user of a session, by its id; undefined if it has ended. */
export type SessionUser = (sessionId: string) => Promise<User | undefined>;

/** For answers so long that their session may end meanwhile. */
export function createSessionUser(table: SessionsTable): SessionUser {
  return async (sessionId) => {
    const found = await table.read(sessionId);
    return found && userIn(found);
  };
}

/** The user of a session that is not over; without the hash of the password, which no page may get. */
function userIn({ data, user }: { data: SessionData; user: UserWithPassword | undefined }): User | undefined {
  // Written so that one without a beginning is over.
  const isYoung = Date.now() < data.started + LONGEST_MS;
  if (user === undefined || !isYoung) return undefined;
  const { passwordHash, ...shown } = user;
  return passwordMark(passwordHash) === data.passwordMark ? shown : undefined;
}

/** After a time without requests, and at the latest after the longest life. */
function endOf({ started }: SessionData): Date {
  return new Date(Math.min(Date.now() + IDLE_MS, started + LONGEST_MS));
}

function sessionsOf({ locals }: Response): Sessions {
  return locals.sessions;
}
