import type { ErrorRequestHandler, RequestHandler } from 'express';
import { isCsrfFailure } from '../../accounts/csrf';
import { isDatabaseUnavailable } from '../../database';
import { retryAfter } from '../../quota/rate_limit_headers';
import { QuotaUnavailable } from '../../quota/unavailable';
import type { SendPage } from '../view';

const DATABASE_RETRY_AFTER_MS = 5_000;

type Answer = { status: number; title: string; explanation: string; retryAfterMs?: number };

const NOT_FOUND: Answer = {
  status: 404,
  title: 'Page not found',
  explanation: 'There is no page at this address.',
};

const CSRF: Answer = {
  status: 403,
  title: 'The form has expired',
  explanation:
    'This form was not sent from a page of ours, or that page is too old. Open it again, then send it.',
};

const BAD_REQUEST: Answer = {
  status: 400,
  title: 'The request cannot be read',
  explanation: 'Your browser sent something that this site does not understand.',
};

const TOO_LARGE: Answer = {
  status: 413,
  title: 'The form is too large',
  explanation: 'Nothing that this site asks for is so long.',
};

const INTERNAL: Answer = {
  status: 500,
  title: 'Something went wrong',
  explanation: 'The fault is ours, and has been written down. Please try again later.',
};

const UNAVAILABLE: Omit<Answer, 'retryAfterMs'> = {
  status: 503,
  title: 'Back in a moment',
  explanation: 'A part of the site cannot be reached just now. You have not been refused: please try again.',
};

/** Answers what no route has answered. */
export function notFound(sendPage: SendPage): RequestHandler {
  return (req, res) => {
    const { status, title, explanation } = NOT_FOUND;
    sendPage(req, res, { view: 'errors/error', title, status, data: { explanation } });
  };
}

/** Turns every failure into a page of ours. What went wrong inside goes to the log, never to the page. */
export function errorHandler(sendPage: SendPage): ErrorRequestHandler {
  return (error, req, res, _next) => {
    const { status, title, explanation, retryAfterMs } = toAnswer(error);
    if (status >= 500) req.log.error({ err: error }, 'a request failed');
    // The page is out already (the session's row could not be touched); the log is all that is left to do.
    if (res.headersSent) return;
    if (retryAfterMs !== undefined) res.set('Retry-After', retryAfter(retryAfterMs));
    sendPage(req, res, { view: 'errors/error', title, status, data: { explanation } });
  };
}

/** The one table of failures. */
function toAnswer(error: unknown): Answer {
  if (error instanceof QuotaUnavailable) return { ...UNAVAILABLE, retryAfterMs: error.retryAfterMs };
  if (isDatabaseUnavailable(error)) return { ...UNAVAILABLE, retryAfterMs: DATABASE_RETRY_AFTER_MS };
  if (isCsrfFailure(error)) return CSRF;
  const status = httpStatus(error);
  if (status === TOO_LARGE.status) return TOO_LARGE;
  return status >= 400 && status < 500 ? { ...BAD_REQUEST, status } : INTERNAL;
}

/** The status that Express and its parsers put on their errors; 500 for any other. */
function httpStatus(error: unknown): number {
  if (!(error instanceof Error) || !('status' in error)) return INTERNAL.status;
  return typeof error.status === 'number' ? error.status : INTERNAL.status;
}
