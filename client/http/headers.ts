import { createHmac } from 'node:crypto';
import { type BareItem, type Item, serializeList } from 'structured-headers';
import type { Admission } from '../answers/admission';
import type { Limit } from '../answers/limits';

const MS_PER_S = 1_000;

/** Of the keyed hash; enough that two subjects hardly ever share one. */
const PARTITION_KEY_BYTES = 12;

/** What the fields say beside the limits. */
export type HeaderOptions = {
  /** Adds `pk`, which differs for each subject: a keyed hash of it with this secret, so that nobody learns the subject. */
  partition?: { secret: string; subject: string } | undefined;
};

type Shown = Pick<Admission, 'policy' | 'limits'>;

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-10 for the limits of one decision. The name is the policy's, and the
 * limit's after it if there are several: `RateLimit-Policy: "connection";q=10;w=600` and `RateLimit: "connection";r=0;t=42`.
 * `t` is the time until more is available.
 */
export function rateLimitHeaders(
  { policy, limits }: Shown,
  { partition }: HeaderOptions = {},
): Record<string, string> {
  // An empty list is expressed by omitting the field (RFC 9651, 3.1).
  if (limits.length === 0) return {};
  const pk = partition && partitionKey(partition);
  const named = limits.map((limit) => ({ limit, name: limitName(policy, { limit, limits }) }));
  return {
    'RateLimit-Policy': serializeList(
      named.map(({ name, limit }) => item(name, { q: limit.limit, w: windowSeconds(limit), pk })),
    ),
    RateLimit: serializeList(
      named.map(({ name, limit }) => item(name, { r: limit.remaining, t: secondsUntilMore(limit), pk })),
    ),
  };
}

/** The names of the limits that denied, as the fields name them. Empty if it was admitted. */
export function violatedPolicies(admission: Admission): string[] {
  const { policy, limits } = admission;
  return denying(admission).map((limit) => limitName(policy, { limit, limits }));
}

/** Whether a field is a list, to which several may add. */
export function isListField(name: string): boolean {
  return name.startsWith('RateLimit') || name === 'Vary';
}

/** Retry-After in whole seconds: rounded up, so that nobody who obeys is early, and at least 1. */
export function retryAfter(delayMs: number): string {
  return String(Math.max(1, toSeconds(delayMs)));
}

/** All fields of the answer to one request: the limits and, if it was denied and waiting helps, when to come back. */
export function quotaHeaders(admission: Admission, options: HeaderOptions = {}): Record<string, string> {
  return { ...rateLimitHeaders(admission, options), ...retryAfterHeader(admission) };
}

/** When to come back, if it was denied and waiting helps: never before the `t` of a limit that denied. */
export function retryAfterHeader(admission: Admission): Record<string, string> {
  if (admission.admitted || admission.retryDelayMs === undefined) return {};
  const delaysMs = denying(admission).map(({ nextDelayMs }) => nextDelayMs);
  return { 'Retry-After': retryAfter(Math.max(admission.retryDelayMs, ...delaysMs)) };
}

function denying({ admitted, limits, cost }: Admission): Limit[] {
  return admitted ? [] : limits.filter(({ remaining }) => remaining < cost);
}

function limitName(policy: string, { limit, limits }: { limit: Limit; limits: readonly Limit[] }): string {
  const name = limits.length === 1 ? policy : `${policy}/${limit.name}`;
  // A string of structured fields holds printable ASCII (RFC 9651, 3.3.3).
  return name.replace(/[^\x20-\x7e]/g, '?');
}

function item(name: string, parameters: Record<string, BareItem | undefined>): Item {
  const known = Object.entries(parameters).filter((entry): entry is [string, BareItem] => {
    return entry[1] !== undefined;
  });
  return [name, new Map(known)];
}

/** Whole seconds; nothing for a shorter window, of which no whole number of seconds is true. */
function windowSeconds({ windowMs }: Limit): number | undefined {
  return windowMs < MS_PER_S ? undefined : toSeconds(windowMs);
}

/** Nothing if there is never more: the subject's limit was set to 0. */
function secondsUntilMore({ limit, nextDelayMs }: Limit): number | undefined {
  return limit === 0 ? undefined : toSeconds(nextDelayMs);
}

function partitionKey({ secret, subject }: { secret: string; subject: string }): Uint8Array<ArrayBuffer> {
  return createHmac('sha256', secret).update(subject).digest().subarray(0, PARTITION_KEY_BYTES);
}

function toSeconds(ms: number): number {
  return Math.ceil(ms / MS_PER_S);
}
