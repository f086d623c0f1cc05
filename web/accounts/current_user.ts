import type { RequestHandler, Response } from 'express';
import { passwordMark } from './passwords';
import { endSession } from './sessions';
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
    const { userId, passwordMark: mark } = req.session;
    if (userId !== undefined) {
      const found = await users.findById(userId);
      if (found === undefined || passwordMark(found.passwordHash) !== mark) await endSession(req, res);
      else res.locals.user = withoutPassword(found);
    }
    next();
  };
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
