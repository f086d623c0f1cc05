import type { RequestHandler, Response } from 'express';
import { endSession } from './sessions';
import type { User, Users } from './users';

/** The user who is logged in, or undefined for a visitor. */
export function currentUser(res: Response): User | undefined {
  return res.locals.user;
}

/** Looks the session's user up anew at each request, so that a changed role or a closed account counts at once. */
export function loadCurrentUser(users: Users): RequestHandler {
  return async (req, res, next) => {
    const id = req.session.userId;
    if (id !== undefined) {
      const [user] = await users.findByIds([id]);
      if (user === undefined) await endSession(req, res);
      res.locals.user = user;
    }
    next();
  };
}
