import type { HeaderValue } from '../../../gen/envoy/config/core/v3/base';
import type { Part, PartDecision } from '../../quota/joint_admission';
import { type ShownLimit, shownLimits } from './shown_limits';

const US_PER_S = 1_000_000;

/** A part of a request, and how it stands. */
export interface DecidedPart {
  readonly part: Part;
  readonly decision: PartDecision;
}

/**
 * The headers for the client of the gateway: its limits (draft-ietf-httpapi-ratelimit-headers-10), and when to come back
 * if it was denied. `t` is the time until more is available; names need no escaping as strings of RFC 9651.
 */
export function headersOf(decided: readonly DecidedPart[]): HeaderValue[] {
  const shown = tightestOfEachName(decided.flatMap(({ part, decision }) => shownLimits(part, decision)));
  // An empty list is expressed by omitting the field (RFC 9651, 3.1).
  if (shown.length === 0) return retryAfter(decided);
  return [
    { key: 'RateLimit-Policy', value: shown.map(toPolicyItem).join(', ') },
    { key: 'RateLimit', value: shown.map(toLimitItem).join(', ') },
    ...retryAfter(decided),
  ];
}

/** Several descriptors may have one policy, and a name may stand once. */
function tightestOfEachName(shown: readonly ShownLimit[]): readonly ShownLimit[] {
  if (shown.length < 2) return shown;
  const byName = new Map<string, ShownLimit>();
  for (const each of shown) {
    const known = byName.get(each.name);
    if (known === undefined || each.status.remaining < known.status.remaining) byName.set(each.name, each);
  }
  return [...byName.values()];
}

function toPolicyItem({ name, status: { limit, windowUs } }: ShownLimit): string {
  // Of a shorter window no whole number of seconds is true.
  return `"${name}";q=${limit}${windowUs < US_PER_S ? '' : `;w=${toSeconds(windowUs)}`}`;
}

function toLimitItem({ name, status: { limit, remaining, nextDelayUs } }: ShownLimit): string {
  return `"${name}";r=${remaining}${limit === 0 ? '' : `;t=${toSeconds(nextDelayUs)}`}`;
}

/** Never before the `t` of a limit that denied; none if waiting cannot help. */
function retryAfter(decided: readonly DecidedPart[]): HeaderValue[] {
  const denying = decided.filter(({ decision }) => !decision.admitted);
  if (denying.length === 0) return [];
  const delaysUs = denying.flatMap(({ part, decision }) => [
    decision.retryDelayUs ?? Number.POSITIVE_INFINITY,
    ...shownLimits(part, decision)
      .filter(({ status }) => status.remaining < Math.max(1, part.cost))
      .map(({ status }) => status.nextDelayUs),
  ]);
  const longestUs = Math.max(...delaysUs);
  if (!Number.isFinite(longestUs)) return [];
  return [{ key: 'Retry-After', value: String(Math.max(1, toSeconds(longestUs))) }];
}

/** Rounded up, so that nobody who obeys is early. */
function toSeconds(us: number): number {
  return Math.ceil(us / US_PER_S);
}
