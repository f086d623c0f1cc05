import type { Request, RequestHandler, Response } from 'express';
import type { SessionData } from 'express-session';
import { passwordMark } from './passwords';
import type { SessionStore } from './session_store';
import { endSession, isOver, limitLifetime, readSession } from './sessions';
import type { User, UserWithPassword } from './user';
import type { Users } from './users';

/** Where accounts and sessions are. */
type Accounts = { users: Users; store: SessionStore };

/** The user who is logged in, or undefined for a visitor. */
export function currentUser(res: Response): User | undefined {
  return res.locals.user;
}

/**
 * Reads the session's user again at each request, so that a changed role or a closed account counts at once, and a
 * changed password ends the sessions that the old one opened.
 */
export function loadCurrentUser({ users, store }: Accounts): RequestHandler {
  return async (req, res, next) => {
    if (req.session.userId !== undefined) {
      const found = await findUser({ users, store }, req.session);
      if (found === undefined) await endSession(req, res);
      else limitLifetime(req.session);
      res.locals.user = found;
    }
    next();
  };
}

/** Returns the user of a session, by its id; undefined if it has ended. */
export type SessionUser = (sessionId: string) => Promise<User | undefined>;

/** For answers so long that their session may end meanwhile. */
export function createSessionUser({ users, store }: Accounts): SessionUser {
  return async (sessionId) => {
    const session = await readSession(store, sessionId);
    return session && findUser({ users, store }, session);
  };
}

async function findUser(
  { users, store }: Accounts,
  session: Partial<SessionData>,
): Promise<User | undefined> {
  const { userId, passwordMark: mark } = session;
  if (isOver(session)) return undefined;
  // A store that reads no accounts leaves that to us.
  const found = store.userOf?.(session) ?? (userId === undefined ? undefined : await users.findById(userId));
  if (found === undefined || passwordMark(found.passwordHash) !== mark) return undefined;
  return withoutPassword(found);
}

function withoutPassword({ passwordHash: _, ...user }: UserWithPassword): User {
  return user;
}

/** Sends a visitor to the login, which leads back to the requested page. */
function sendToLogin({ originalUrl }: Request, res: Response): void {
  res.redirect(303, `/login?back=${encodeURIComponent(originalUrl)}`);
}

/** A request of a logged-in user, and its answer. */
export type UserRequest = { user: User; req: Request; res: Response };

/** Passes a user's request to `handle`, and sends visitors to the login. */
export function withUser(handle: (asked: UserRequest) => Promise<void> | void): RequestHandler {
  return async (req, res) => {
    const user = currentUser(res);
    if (user === undefined) sendToLogin(req, res);
    else await handle({ user, req, res });
  };
}

/** Lets staff through, sends visitors to the login, and leaves other users to `forbid`. */
export function requireStaff(forbid: RequestHandler): RequestHandler {
  return (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) sendToLogin(req, res);
    else if (user.role === 'staff') next();
    else forbid(req, res, next);
  };
}
