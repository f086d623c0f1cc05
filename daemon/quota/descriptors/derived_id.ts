import { createHash } from 'node:crypto';
import { ID_BYTES } from '../request_id';
import type { Descriptor } from './descriptor';

const VERSION = { at: 6, kept: 0x0f, bits: 0x80 };
const VARIANT = { at: 8, kept: 0x3f, bits: 0x80 };

/**
 * The request id of one descriptor of a gateway's request: the same whenever the same descriptor is asked for the same
 * request. The cost is part of it: with another one it is another request.
 */
export function derivedId(
  domain: string,
  { descriptor: { entries, cost }, requestId }: { descriptor: Descriptor; requestId: string },
): string {
  return hashedId([requestId, domain, cost, entries.map(({ key, value }) => [key, value])]);
}

/**
 * The request id of several takings in one, in any order: so it never has the total of others under the id of one of them.
 * Undefined if none of them has an id; that of a single one is its own.
 */
export function joinedId(ids: readonly (string | undefined)[]): string | undefined {
  const named = ids.filter((id) => id !== undefined).sort();
  return named.length < 2 ? named[0] : hashedId(named);
}

/** A UUID of version 8 (RFC 9562, 5.8) from a SHA-256 hash. */
function hashedId(named: readonly unknown[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(named)).digest().subarray(0, ID_BYTES);
  for (const { at, kept, bits } of [VERSION, VARIANT]) bytes[at] = ((bytes[at] ?? 0) & kept) | bits;
  const hex = bytes.toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
