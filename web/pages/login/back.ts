import type { Request, RequestHandler } from 'express';
import { currentUser } from '../../accounts/current_user';
import { ownPath } from '../own_path';

/** The page after a login that no other page asked for. */
const START = '/services';

/** The page to return to after the login; undefined if no page asked for it. */
export function backOf({ body, query }: Pick<Request, 'body' | 'query'>): string | undefined {
  return ownPath(body?.back ?? query.back);
}

/** The page after the login. */
export function pathAfterLogin(req: Pick<Request, 'body' | 'query'>): string {
  return backOf(req) ?? START;
}

/** Lets visitors through, and redirects logged-in users to the page after the login. */
export const sendUsersOn: RequestHandler = (req, res, next) => {
  if (currentUser(res) === undefined) next();
  else res.redirect(303, pathAfterLogin(req));
};
