import type { Request, RequestHandler, Response } from 'express';
import type { HttpAnswer } from './http/answer';
import { decide, type GuardOptions, giveBackIf } from './http/guard';
import { isListField } from './http/headers';

export type ExpressQuotaOptions = GuardOptions & {
  /** Whose quota: never empty. Example: `(req) => req.ip ?? 'nobody'`. */
  subject: (req: Request) => string;
  /** How much the request costs. 1 unless given. */
  cost?: number | ((req: Request) => number);
  /** Whether the request takes nothing after all; asked once its answer is sent, or its connection is lost. */
  refundIf?: (req: Request, res: Response) => boolean;
};

/**
 * Middleware for Express: lets a request through if the policy admits it, and answers it with 429 or, if there is no decision, with
 * 503. The answer shows the limits in `RateLimit` and `RateLimit-Policy`.
 */
export function quota({
  subject: subjectOf,
  cost = 1,
  refundIf,
  ...options
}: ExpressQuotaOptions): RequestHandler {
  return async (req, res, next) => {
    try {
      const subject = subjectOf(req);
      const verdict = await decide(options, {
        subject,
        cost: typeof cost === 'number' ? cost : cost(req),
        accept: req.get('Accept'),
      });
      if (verdict.answer !== undefined) return send(res, verdict.answer);
      const { admission } = verdict;
      if (refundIf !== undefined) {
        whenClosed(res, () => giveBackIf(options, { subject, admission, ask: () => refundIf(req, res) }));
      }
      addHeaders(res, verdict.headers);
      next();
    } catch (error) {
      next(error);
    }
  };
}

/** Also if the connection was lost before the decision came, as then there is no event any more. */
function whenClosed(res: Response, act: () => void): void {
  if (res.closed) act();
  else res.once('close', act);
}

function send(res: Response, { status, headers, body }: HttpAnswer): void {
  // A middleware that did not wait for the decision, a timeout for example, has begun another answer.
  if (res.headersSent) return;
  addHeaders(res.status(status), headers);
  res.end(body);
}

function addHeaders(res: Response, headers: Record<string, string>): void {
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(headers)) {
    // Another policy may have put its limits there, and another middleware what the answer varies by.
    if (isListField(name)) res.append(name, value);
    else res.set(name, value);
  }
}
