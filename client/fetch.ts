import type { HttpAnswer } from './http/answer';
import { decide, type GuardOptions, giveBackIf } from './http/guard';
import { isListField } from './http/headers';

export type FetchQuotaOptions = GuardOptions & {
  /** Whose quota: never empty. Example: `(request) => request.headers.get('x-api-key') ?? 'nobody'`. */
  subject: (request: Request) => string;
  /** How much the request costs. 1 unless given. */
  cost?: number | ((request: Request) => number);
  /**
   * Whether the request takes nothing after all; asked once the handler has returned, before its response is sent. The response is
   * undefined if the handler threw.
   */
  refundIf?: (request: Request, response: Response | undefined) => boolean;
};

/** A handler of Fetch's requests; further arguments are passed on. */
type Handler<Rest extends unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>;

/**
 * Puts a policy in front of a handler: it is called if the policy admits the request, which otherwise is answered with 429 or, if
 * there is no decision, with 503. The answer shows the limits in `RateLimit` and `RateLimit-Policy`.
 */
export function withQuota<Rest extends unknown[]>(
  { subject: subjectOf, cost = 1, refundIf, ...options }: FetchQuotaOptions,
  handler: Handler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const subject = subjectOf(request);
    const verdict = await decide(options, {
      subject,
      cost: typeof cost === 'number' ? cost : cost(request),
      accept: request.headers.get('Accept') ?? undefined,
    });
    if (verdict.answer !== undefined) return toResponse(verdict.answer);
    const { admission, headers } = verdict;
    let response: Response | undefined;
    try {
      response = await handler(request, ...rest);
      return withHeaders(response, headers);
    } finally {
      if (refundIf) giveBackIf(options, { subject, admission, ask: () => refundIf(request, response) });
    }
  };
}

function toResponse({ status, headers, body }: HttpAnswer): Response {
  return new Response(body, { status, headers });
}

/** The statuses of responses that can be made; `Response.error()` has 0, and an upgrade 101. */
const MADE = { from: 200, to: 599 };

/** The fields of a response that came from elsewhere cannot be changed, so it is made anew; one that cannot be made stays as it is. */
function withHeaders(response: Response, headers: Record<string, string>): Response {
  if (response.status < MADE.from || response.status > MADE.to) return response;
  const answer = new Response(response.body, response);
  for (const [name, value] of Object.entries(headers)) {
    if (isListField(name)) answer.headers.append(name, value);
    else answer.headers.set(name, value);
  }
  return answer;
}
