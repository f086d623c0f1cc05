import type { Request, RequestHandler, Response } from 'express';
import type { User } from './user';

/** The user who is logged in, or undefined for a visitor. */
export function currentUser(res: Response): User | undefined {
  return res.locals.user;
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
