import { randomFillSync } from 'node:crypto';
import type { Admission, Decision } from '../../quota/admission';
import { formatDuration } from '../../quota/duration';
import { DeadlinePassed, RefundedRequest, reusedRequestId, StoreUnavailable } from '../../quota/errors';
import { countsTakings } from '../../quota/limits';
import type { Policy } from '../../quota/policies';
import { ID_BYTES, writeRequestId } from '../../quota/request_id';
import { replyCode } from '../failures';
import type { Keys } from '../keys';
import { callFunction, type FunctionCall } from '../library';
import type { Database } from '../nodes';
import type { Encoder } from './encoder';
import { NUMBERS_PER_LIMIT, readStatuses } from './statuses';

/** One admission of a joined call. */
export interface Entry {
  readonly admission: Admission;
  readonly policy: Policy;
  /** By the store's clock; the entry takes nothing after it. Undefined: no deadline. */
  readonly deadlineUs: number | undefined;
  /** Whether a denial lists the subject's request ids that the store knows. */
  readonly wantsIds: boolean;
}

/** A decision, and the request ids that the store knows of a denied subject; undefined if not asked for or too many. */
export interface Outcome {
  readonly decision: Decision;
  readonly knownIds: readonly Buffer[] | undefined;
}

/** The outcome or error of each entry, and when they were decided, by the store's clock. */
export interface JoinedReply {
  readonly nowUs: number;
  /** Resolves once all that is waited for is confirmed; rejects with `StoreUnavailable` if it is not in time. */
  readonly confirmed?: Promise<void>;
  readonly outcomes: readonly (Outcome | Error)[];
}

/** The verdicts of `scripts/limits/admit.lua`. */
const VERDICT = {
  admitted: 1,
  denied: 0,
  repeated: 2,
  reused: -1,
  late: -2,
  faulty: -3,
  noMemory: -4,
  refunded: -5,
} as const;

const IS_REMEMBERED = 1;
const WANTS_IDS = 2;

type Value = number | Buffer;

/** What a joined call needs of the store. */
export interface Place {
  readonly redis: Database;
  readonly keys: Keys;
  readonly encoder: Encoder;
  readonly partition: number;
  /** What the partition is claimed for. */
  readonly claim: string;
}

/**
 * Decides on admissions of one partition in one call. Throws `StoreUnavailable` if the store does not answer, or is not
 * the one that was claimed.
 */
export async function admitAll(place: Place, entries: readonly Entry[]): Promise<JoinedReply> {
  const call = encodeCall(place, entries);
  const values = (await callAdmit(place.redis, call)) as Value[];
  return { nowUs: values[0] as number, outcomes: readOutcomes(entries, values) };
}

/** If Redis has no memory left, the read-only form still answers denials and repeats. */
async function callAdmit(redis: Database, call: FunctionCall): Promise<unknown> {
  try {
    return await callFunction(redis, 'admit', call);
  } catch (error) {
    const isOutOfMemory = error instanceof StoreUnavailable && replyCode(error.cause) === 'OOM';
    if (!isOutOfMemory) throw error;
    return callFunction(redis, 'admit_read_only', call);
  }
}

/** The keys and arguments of `admit`, `restore` and `refund`. */
export function encodeCall(
  { keys, encoder, partition, claim }: Place,
  entries: readonly Entry[],
): FunctionCall {
  const policies: Policy[] = [];
  for (const { policy } of entries) if (!policies.includes(policy)) policies.push(policy);
  const encoded = policies.map(encoder.encode);
  const allKeys = [keys.control(partition), keys.overrides(partition)];
  for (const { name } of policies) allKeys.push(keys.admissions(partition, name));
  const ids = Buffer.allocUnsafe(entries.length * ID_BYTES);
  const packed = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + packedBytes(entry), 0));
  let at = 0;
  for (const [index, entry] of entries.entries()) {
    const policyAt = policies.indexOf(entry.policy);
    writeId(ids, index * ID_BYTES, entry.admission.requestId ?? entry.admission.ownId);
    at = packEntry(packed, at, entry, { policyAt: policyAt + 1, keyAt: allKeys.length + 1 });
    allKeys.push(...(encoded[policyAt]?.keysOf(entry.admission.subject) ?? []));
  }
  return { keys: allKeys, args: [claim, ids, packed, ...encoded.map(({ text }) => text)] };
}

/** Bytes before the subject: see ENTRY in `scripts/limits/admit.lua`. */
const ENTRY_HEADER_BYTES = 21;

function packedBytes({ admission: { subject } }: Entry): number {
  return ENTRY_HEADER_BYTES + Buffer.byteLength(subject);
}

/** Writes an entry with the positions of its policy and keys, counted from 1. Returns the position of the next entry. */
function packEntry(
  packed: Buffer,
  first: number,
  { admission: { subject, cost, requestId, ownId }, policy, deadlineUs = 0, wantsIds }: Entry,
  { policyAt, keyAt }: { policyAt: number; keyAt: number },
): number {
  // The daemon's own id is in the set anyway if the set is counted; callers never ask for it.
  const isAsked = requestId !== undefined || (ownId !== undefined && !policy.limits.some(countsTakings));
  const isRemembered = isAsked && policy.rememberMs > 0;
  let at = packed.writeUInt16BE(policyAt, first);
  at = packed.writeUInt32BE(keyAt, at);
  at = packed.writeUInt32BE(cost, at);
  at = packed.writeDoubleBE(deadlineUs, at);
  at = packed.writeUInt8((isRemembered ? IS_REMEMBERED : 0) + (wantsIds ? WANTS_IDS : 0), at);
  const subjectBytes = packed.write(subject, at + 2);
  return packed.writeUInt16BE(subjectBytes, at) + subjectBytes;
}

/** The bytes of a UUID, or random ones if the caller gave none: each taking needs its own name. */
function writeId(ids: Buffer, at: number, requestId: string | undefined): void {
  if (requestId === undefined) randomFillSync(ids, at, ID_BYTES);
  else writeRequestId(ids, at, requestId);
}

/** Reads the values of a reply, which follow one another: see `scripts/limits/admit.lua`. */
function readOutcomes(entries: readonly Entry[], values: readonly Value[]): (Outcome | Error)[] {
  const nowUs = values[0] as number;
  const ids = values.at(-1) as Buffer;
  let at = 1;
  let idAt = 0;
  const next = () => values[at++] as number;
  return entries.map(({ policy }) => {
    const verdict = next();
    switch (verdict) {
      case VERDICT.admitted:
      case VERDICT.denied:
      case VERDICT.repeated: {
        const retryDelayUs = next();
        const idCount = next();
        const limits = readStatuses(policy, values as readonly number[], at);
        at += limits.length * NUMBERS_PER_LIMIT;
        const admitted = verdict !== VERDICT.denied;
        const decision = {
          admitted,
          isRepeat: verdict === VERDICT.repeated,
          limits,
          retryDelayUs: admitted || retryDelayUs < 0 ? undefined : retryDelayUs,
          decidedUs: nowUs,
        };
        const knownIds = admitted || idCount < 0 ? undefined : slices(ids, idAt, idCount);
        idAt += Math.max(0, idCount);
        return { decision, knownIds };
      }
      case VERDICT.reused:
        return reusedRequestId(formatDuration(policy.rememberMs), 'cost');
      case VERDICT.refunded:
        return new RefundedRequest();
      case VERDICT.late:
        return new DeadlinePassed();
      case VERDICT.noMemory:
        return new StoreUnavailable({ cause: new Error('Redis has no memory left for the token') });
      default:
        return new Error(`the store could not decide: ${String(values[at++])}`);
    }
  });
}

function slices(ids: Buffer, first: number, count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    ids.subarray((first + index) * ID_BYTES, (first + index + 1) * ID_BYTES),
  );
}
