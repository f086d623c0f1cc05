import { type DoubleCsrfUtilities, doubleCsrf } from 'csrf-csrf';
import type { Request, RequestHandler, Response } from 'express';

/** The hidden field of every form. */
const FIELD = '_csrf';

/** Visitors have no session to bind a token to, and must not be given one for it. */
const VISITOR = 'visitor';

export type Csrf = {
  /** Lets a form through only with the token that its page was given; otherwise fails with status 403. */
  protect: RequestHandler;
  /** The token for a page's forms. Sets its cookie. */
  token(req: Request, res: Response): string;
};

/** True for the failure of `protect`. */
export function isCsrfFailure(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EBADCSRFTOKEN';
}

/** A signed double submit: the form's token must equal the cookie's, and carry our mark for this session. */
export function createCsrf(secret: string): Csrf {
  const plain = guard({ secret, cookieName: 'csrf', secure: false });
  // Browsers take a __Host- cookie from this very host only, so a sister site cannot plant one.
  const behindTls = guard({ secret, cookieName: '__Host-csrf', secure: true });
  const guardFor = (req: Request) => (req.secure ? behindTls : plain);

  return {
    protect: (req, res, next) => guardFor(req).protect(req, res, next),
    token: (req, res) => guardFor(req).generateCsrfToken(req, res),
  };
}

type GuardOptions = { secret: string; cookieName: string; secure: boolean };

function guard({
  secret,
  cookieName,
  secure,
}: GuardOptions): DoubleCsrfUtilities & { protect: RequestHandler } {
  const utilities = doubleCsrf({
    getSecret: () => secret,
    getSessionIdentifier: (req) => (req.session?.userId === undefined ? VISITOR : req.sessionID),
    getCsrfTokenFromRequest: (req) => req.body?.[FIELD],
    cookieName,
    cookieOptions: { secure, sameSite: 'lax', httpOnly: true, path: '/' },
  });
  return { ...utilities, protect: utilities.doubleCsrfProtection };
}
