import type { RequestHandler, Response } from 'express';
import type { SessionData, Store } from 'express-session';
import { passwordMark } from './passwords';
import { endSession, readSession } from './sessions';
import type { User, Users, UserWithPassword } from './users';

/** The user who is logged in, or undefined for a visitor. */
export function currentUser(res: Response): User | undefined {
  return res.locals.user;
}

/**
 * Looks the session's user up anew at each request, so that a changed role or a closed account counts at once, and a
 * changed password ends the sessions that the old one opened.
 */
export function loadCurrentUser(users: Users): RequestHandler {
  return async (req, res, next) => {
    if (req.session.userId !== undefined) {
      const found = await findUser(users, req.session);
      if (found === undefined) await endSession(req, res);
      else res.locals.user = found;
    }
    next();
  };
}

/** Answers who has a session now, by its id; undefined if it has ended. */
export type SessionUser = (sessionId: string) => Promise<User | undefined>;

/** For answers that go on for so long that their session may end meanwhile. */
export function createSessionUser({ users, store }: { users: Users; store: Store }): SessionUser {
  return async (sessionId) => {
    const session = await readSession(store, sessionId);
    return session && findUser(users, session);
  };
}

async function findUser(users: Users, session: Partial<SessionData>): Promise<User | undefined> {
  const { userId, passwordMark: mark } = session;
  const found = userId === undefined ? undefined : await users.findById(userId);
  if (found === undefined || passwordMark(found.passwordHash) !== mark) return undefined;
  return withoutPassword(found);
}

function withoutPassword({ passwordHash: _, ...user }: UserWithPassword): User {
  return user;
}

/** Lets visitors through, and sends who is logged in already to the services. */
export const requireVisitor: RequestHandler = (_req, res, next) => {
  if (currentUser(res) === undefined) next();
  else res.redirect(303, '/services');
};

/** Lets users through, and sends visitors to the login. */
export const requireUser: RequestHandler = (_req, res, next) => {
  if (currentUser(res) === undefined) res.redirect(303, '/login');
  else next();
};

/** Lets staff through, sends visitors to the login, and leaves other users to `forbid`. */
export function requireStaff(forbid: RequestHandler): RequestHandler {
  return (req, res, next) => {
    const user = currentUser(res);
    if (user === undefined) res.redirect(303, '/login');
    else if (user.role === 'staff') next();
    else forbid(req, res, next);
  };
}
