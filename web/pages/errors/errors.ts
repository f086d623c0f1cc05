import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { retryAfter } from '../../../client/http/headers';
import { isCsrfFailure } from '../../accounts/csrf';
import { currentUser } from '../../accounts/current_user';
import { isDatabaseUnavailable } from '../../database';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { FindRoute } from '../../routes';
import { keepForm } from '../login/kept_form';
import { sendLogin } from '../login/page';
import { ownPath } from '../own_path';
import type { SendPage } from '../view';
import { ErrorView } from './view';

const DATABASE_RETRY_AFTER_MS = 5_000;

type Answer = {
  status: number;
  title: MessageKey;
  text: MessageKey;
  retryAfterMs?: number;
  /** Whether the same may succeed if it is tried again. */
  isPassing?: boolean;
};

const NOT_FOUND: Answer = { status: 404, title: 'error.not-found.title', text: 'error.not-found.text' };

const FORBIDDEN: Answer = { status: 403, title: 'error.forbidden.title', text: 'error.forbidden.text' };

const CSRF: Answer = { status: 403, title: 'error.csrf.title', text: 'error.csrf.text', isPassing: true };

/** All other forms are shown to users only. */
const VISITORS_FORMS = new Set(['/login', '/signup']);

const BAD_REQUEST: Answer = { status: 400, title: 'error.bad-request.title', text: 'error.bad-request.text' };

const METHOD_NOT_ALLOWED: Answer = { ...BAD_REQUEST, status: 405 };

/** Express itself answers them for each address. */
const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const TOO_LARGE: Answer = { status: 413, title: 'error.too-large.title', text: 'error.too-large.text' };

const INTERNAL: Answer = { status: 500, title: 'error.internal.title', text: 'error.internal.text' };

const UNAVAILABLE: Answer = {
  status: 503,
  title: 'error.unavailable.title',
  text: 'error.unavailable.text',
  retryAfterMs: DATABASE_RETRY_AFTER_MS,
  isPassing: true,
};

/** Answers requests that no route has answered. */
export function notFound(sendPage: SendPage): RequestHandler {
  return (req, res) => sendError(sendPage, req, res, NOT_FOUND);
}

/** Rejects a request line without a path, such as that of `GET *`. */
export function rejectTargets(sendPage: SendPage): RequestHandler {
  return (req, res, next) => {
    if (req.path.startsWith('/')) next();
    else sendError(sendPage, req, res, BAD_REQUEST);
  };
}

/** Rejects methods that the address does not take, and lists those it takes; an unknown address is not found. */
export function rejectMethods(sendPage: SendPage, findRoute: FindRoute): RequestHandler {
  return (req, res, next) => {
    if (READING_METHODS.has(req.method)) return next();
    const route = findRoute(req.path);
    if (route === undefined) return sendError(sendPage, req, res, NOT_FOUND);
    if (route.methods.has(req.method)) return next();
    res.set('Allow', [...route.methods].join(', '));
    sendError(sendPage, req, res, METHOD_NOT_ALLOWED);
  };
}

/** Shows a logged-in user that a page is not for them. */
export function sendForbidden(sendPage: SendPage, req: Request, res: Response): void {
  sendError(sendPage, req, res, FORBIDDEN);
}

/** Turns every failure into a page of the site. Internal details go to the log, never to the page. */
export function errorHandler(sendPage: SendPage): ErrorRequestHandler {
  return (error, req, res, _next) => {
    if (isCsrfFailure(error) && isOfEndedSession(req, res)) return sendLoginAgain(sendPage, req, res);
    const answer = isCsrfFailure(error) ? CSRF : toAnswer(error);
    if (answer.status >= 500) req.log.error({ err: error }, 'a request failed');
    // The page has been sent already (updating the session's row failed); only the log remains.
    if (res.headersSent) return;
    sendError(sendPage, req, res, answer);
  };
}

function sendError(sendPage: SendPage, req: Request, res: Response, answer: Answer): void {
  const { status, title, text, retryAfterMs, isPassing = false } = answer;
  if (retryAfterMs !== undefined) res.set('Retry-After', retryAfter(retryAfterMs));
  // So that the request can be found in the logs if its sender asks for help.
  const reference = status >= 500 ? String(req.id) : undefined;
  const { t } = translatorOf(res);
  const again = isPassing ? pathToTryAgain(req) : undefined;
  const data = { status, title: t(title), text: t(text), reference, again };
  sendPage(req, res, { view: ErrorView, title: data.title, status, data });
}

/** The page itself or, after a form, its page: each address of a form can be opened. */
function pathToTryAgain({ method, originalUrl, path }: Request): string | undefined {
  return ownPath(READING_METHODS.has(method) ? originalUrl : path);
}

/** Whether a form without a valid token was most likely opened in a session that has ended. */
function isOfEndedSession(req: Request, res: Response): boolean {
  return currentUser(res) === undefined && !VISITORS_FORMS.has(req.path);
}

/** Nothing was done: after the login, the form comes back as typed; what cannot come back is shown before. */
function sendLoginAgain(sendPage: SendPage, req: Request, res: Response): void {
  const { back, lost } = keepForm(req);
  const alert = lost.length > 0 ? 'login.ended-long' : 'login.ended';
  sendLogin(req, res, { sendPage, status: 403, alert, back, lost });
}

/** The one table of all other failures. */
function toAnswer(error: unknown): Answer {
  if (error instanceof QuotaUnavailable) return { ...UNAVAILABLE, retryAfterMs: error.retryAfterMs };
  if (isDatabaseUnavailable(error)) return UNAVAILABLE;
  const status = httpStatus(error);
  if (status === TOO_LARGE.status) return TOO_LARGE;
  return status >= 400 && status < 500 ? { ...BAD_REQUEST, status } : INTERNAL;
}

/** The status that Express and its parsers set on their errors; 500 for any other. */
function httpStatus(error: unknown): number {
  if (!(error instanceof Error) || !('status' in error)) return INTERNAL.status;
  return typeof error.status === 'number' ? error.status : INTERNAL.status;
}
