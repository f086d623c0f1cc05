import { createHmac, timingSafeEqual } from 'node:crypto';
import type { CookieOptions, Request, Response } from 'express';

const NAME = 'sid';

/** Browsers take a __Host- cookie from this very host only, and over TLS only, so nobody else can plant one. */
const NAME_BEHIND_TLS = '__Host-sid';

/** Marks a signed value. */
const PREFIX = 's:';

const OPTIONS = { path: '/', httpOnly: true, sameSite: 'lax' } satisfies CookieOptions;

type Answering = { req: Request; res: Response };

/** The cookie that holds the id of a session, with a signature of this site. */
export type SessionCookie = {
  /** The session's id; undefined without a cookie of ours. */
  read(req: Request): string | undefined;
  /** Sets the cookie, in place of one that the same answer was to set. */
  write(answering: Answering, cookie: { id: string; end: Date }): void;
  /** Takes the cookie back. */
  clear(answering: Answering): void;
};

/** The form is that of express-session, which made the cookies before: their sessions go on. */
export function createSessionCookie(secret: string): SessionCookie {
  const sign = (id: string) =>
    `${PREFIX}${id}.${createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '')}`;

  return {
    read(req) {
      const value = req.cookies[nameFor(req)];
      if (typeof value !== 'string' || !value.startsWith(PREFIX)) return undefined;
      const id = value.slice(PREFIX.length, value.lastIndexOf('.'));
      return isSame(value, sign(id)) ? id : undefined;
    },

    write({ req, res }, { id, end }) {
      takeOut(res, nameFor(req));
      res.cookie(nameFor(req), sign(id), { ...OPTIONS, secure: req.secure, expires: end });
    },

    clear({ req, res }) {
      takeOut(res, nameFor(req));
      res.clearCookie(nameFor(req), { ...OPTIONS, secure: req.secure });
    },
  };
}

function nameFor({ secure }: Request): string {
  return secure ? NAME_BEHIND_TLS : NAME;
}

function isSame(given: string, right: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Takes a cookie out of the answer's headers, so that it is not set twice. */
function takeOut(res: Response, name: string): void {
  const lines = [res.getHeader('Set-Cookie') ?? []].flat().map(String);
  const others = lines.filter((line) => !line.startsWith(`${name}=`));
  if (others.length < lines.length) res.setHeader('Set-Cookie', others);
}
