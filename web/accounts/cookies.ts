import { parseCookie } from 'cookie';
import type { RequestHandler } from 'express';

/** Reads the request's cookies into `req.cookies`, each as the text that it is. */
export const readCookies: RequestHandler = (req, _res, next) => {
  req.cookies = parseCookie(req.headers.cookie ?? '');
  next();
};
