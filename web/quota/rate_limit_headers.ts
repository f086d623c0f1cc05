import type { Response } from 'express';
import type { Admission, Limit } from './client';

const MS_PER_S = 1_000;

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-10 for the limits of one decision:
 * `RateLimit-Policy: "per-window";q=10;w=600` and `RateLimit: "per-window";r=0;t=412`.
 */
export function rateLimitHeaders(limits: readonly Limit[]): Record<string, string> {
  // An empty list is said by leaving the field out (RFC 9651, 3.1).
  if (limits.length === 0) return {};
  return {
    'RateLimit-Policy': limits
      .map(({ name, limit, windowMs }) => `${quote(name)};q=${limit};w=${toSeconds(windowMs)}`)
      .join(', '),
    RateLimit: limits
      .map(
        ({ name, remaining, resetDelayMs }) => `${quote(name)};r=${remaining};t=${toSeconds(resetDelayMs)}`,
      )
      .join(', '),
  };
}

/** Retry-After in whole seconds: rounded up, so that who obeys is never early, and at least 1. */
export function retryAfter(delayMs: number): string {
  return String(Math.max(1, toSeconds(delayMs)));
}

/** Puts what the daemon decided on the answer: the limits' state and, where refused, when to come back. */
export function setRateLimitHeaders(res: Response, admission: Admission): void {
  res.set(rateLimitHeaders(admission.limits));
  setRetryAfter(res, admission);
}

/** Puts on the answer when to come back, where the daemon refused and waiting helps. */
export function setRetryAfter(res: Response, admission: Admission): void {
  if (!admission.admitted && admission.retryDelayMs !== undefined) {
    res.set('Retry-After', retryAfter(admission.retryDelayMs));
  }
}

function toSeconds(ms: number): number {
  return Math.ceil(ms / MS_PER_S);
}

// A structured-field string (RFC 9651, 3.3.3) holds printable ASCII, with quotes and backslashes escaped.
function quote(name: string): string {
  return `"${name.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
