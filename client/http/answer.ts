import type { Admission } from '../answers/admission';
import type { QuotaUnavailable } from '../answers/unavailable';
import { prefersHtml } from './accept';
import { type HeaderOptions, quotaHeaders, retryAfter, violatedPolicies } from './headers';

/** The base URL of IANA's problem types. */
const TYPES = 'https://iana.org/assignments/http-problem-types#';

/** An answer in the place of the handler's. */
export type HttpAnswer = { status: number; headers: Record<string, string>; body: string };

/** The request's Accept field, and what the fields of the answer show. */
type Wanted = HeaderOptions & { accept: string | undefined };

type Problem = { status: 429 | 503; type: string; title: string; violated: string[] };

/** The answer to a denial: 429, or 503 if no daemon answered and the client denies without knowing the quota. */
export function denialAnswer(admission: Admission, { accept, ...options }: Wanted): HttpAnswer {
  const headers = quotaHeaders(admission, options);
  if (admission.decidedBy === 'client' && admission.limits.length === 0)
    return toAnswer({ problem: REDUCED_CAPACITY, headers, accept });
  const violated = violatedPolicies(admission);
  const problem = { status: 429, type: 'quota-exceeded', title: 'Quota exceeded', violated } as const;
  return toAnswer({ problem, headers, accept });
}

/** The answer if there was no decision: 503. */
export function outageAnswer(error: QuotaUnavailable, { accept }: Wanted): HttpAnswer {
  const headers = { 'Retry-After': retryAfter(error.retryAfterMs) };
  return toAnswer({ problem: REDUCED_CAPACITY, headers, accept });
}

const REDUCED_CAPACITY: Problem = {
  status: 503,
  type: 'temporary-reduced-capacity',
  title: 'Temporarily unavailable',
  violated: [],
};

type Answering = { problem: Problem; headers: Record<string, string>; accept: string | undefined };

/** HTML for a browser, which prefers it, and problem details (RFC 9457) for all others. */
function toAnswer({ problem, headers, accept }: Answering): HttpAnswer {
  const { status } = problem;
  const waitS = headers['Retry-After'];
  const detail = waitS === undefined ? 'Waiting does not help.' : `Try again in ${waitS} s.`;
  const isForBrowser = prefersHtml(accept);
  const type = isForBrowser ? 'text/html; charset=utf-8' : 'application/problem+json';
  return {
    status,
    // No cache may keep an answer that is about this moment, or give one form to who asks for the other.
    headers: { ...headers, 'Content-Type': type, 'Cache-Control': 'no-store', Vary: 'Accept' },
    body: isForBrowser ? toHtml(problem.title, detail) : toJson(problem, detail),
  };
}

function toJson({ status, type, title, violated }: Problem, detail: string): string {
  return JSON.stringify({ type: `${TYPES}${type}`, title, status, detail, 'violated-policies': violated });
}

/** Of sentences of our own alone, so nothing needs escaping. */
function toHtml(title: string, detail: string): string {
  const head = `<meta charset="utf-8"><title>${title}</title>`;
  return `<!doctype html><html lang="en"><head>${head}</head><body><h1>${title}</h1><p>${detail}</p></body></html>`;
}
