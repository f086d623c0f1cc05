import type { RequestHandler } from 'express';

/** cookie-parser turns `j:{…}` into an object. No cookie of the site is one, and what reads cookies expects text. */
export const dropStructuredCookies: RequestHandler = (req, _res, next) => {
  for (const [name, value] of Object.entries(req.cookies))
    if (typeof value !== 'string') delete req.cookies[name];
  next();
};
