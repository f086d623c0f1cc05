import { BatchAdmitResult } from '../../../gen/quota/v1/quota_service';
import type { Answer, Decision, LimitStatus } from '../../quota/admission';
import { toBatchError, toVerdict } from './reply';

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const tag = (field: number, wireType: number) => field * 8 + wireType;

/** The fields of `AdmitResponse` and `LimitStatus`, `Duration`, and the batch, each below 16: a tag is then one byte. */
const DECISION = {
  verdict: tag(1, VARINT),
  limits: tag(2, LENGTH_DELIMITED),
  degraded: tag(4, VARINT),
  isRepeat: tag(5, VARINT),
};
const RETRY_DELAY = tag(3, LENGTH_DELIMITED);
const LIMIT = {
  name: tag(1, LENGTH_DELIMITED),
  limit: tag(2, VARINT),
  remaining: tag(3, VARINT),
  window: tag(4, LENGTH_DELIMITED),
  resetDelay: tag(5, LENGTH_DELIMITED),
  shadow: tag(6, VARINT),
  shadowDenied: tag(7, VARINT),
  overridden: tag(8, VARINT),
  nextDelay: tag(9, LENGTH_DELIMITED),
};
const DURATION = { seconds: tag(1, VARINT), nanos: tag(2, VARINT) };
const RESULTS = tag(1, LENGTH_DELIMITED);
const RESULT_RESPONSE = tag(1, LENGTH_DELIMITED);

/** More bytes than any decision takes without its limits, or any limit without its name. */
const ROOM_BYTES = 128;

/** The most UTF-8 bytes of one UTF-16 unit. */
const BYTES_PER_UNIT = 3;

const FIRST_BYTES = 16 * 1024;
const MAX_INT32 = 0x7fffffff;
const US_PER_S = 1_000_000;
const NS_PER_US = 1000;

/** Writes answers of `QuotaService` as they go over the wire. */
export interface DecisionWriter {
  /** An `AdmitResponse`. */
  admitResponse(decision: Decision): Buffer;
  /** A `BatchAdmitResponse`. */
  batchAdmitResponse(answers: readonly Answer[]): Buffer;
}

/**
 * Writes decisions without intermediate messages of the generated code: those are ten objects and five BigInts per
 * decision, which cost a batch more than deciding. https://protobuf.dev/programming-guides/encoding/
 */
export function createDecisionWriter(): DecisionWriter {
  let bytes = Buffer.allocUnsafe(FIRST_BYTES);
  let at = 0;

  function makeRoom(count: number): void {
    if (at + count <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(bytes.length * 2, at + count));
    bytes.copy(larger, 0, 0, at);
    bytes = larger;
  }

  /** A whole number, 0 or more, seven bits to a byte. */
  function varint(value: number): void {
    let left = value;
    // Bitwise operators are faster, but only handle 31 bits.
    while (left > MAX_INT32) {
      bytes[at++] = (left % 0x80) + 0x80;
      left = Math.floor(left / 0x80);
    }
    while (left > 0x7f) {
      bytes[at++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    bytes[at++] = left;
  }

  function number(field: number, value: number): void {
    if (value === 0) return;
    bytes[at++] = field;
    varint(value);
  }

  function flag(field: number, value: boolean): void {
    if (!value) return;
    bytes[at++] = field;
    bytes[at++] = 1;
  }

  /** Starts a length-prefixed part. Returns its position, for `close`. */
  function open(field: number): number {
    bytes[at++] = field;
    return ++at;
  }

  /** Writes the length into the byte left for it, and moves a longer part. */
  function close(start: number): void {
    const length = at - start;
    const lengthBytes = length < 0x80 ? 1 : Math.ceil(Math.log2(length + 1) / 7);
    if (lengthBytes > 1) {
      makeRoom(lengthBytes);
      bytes.copyWithin(start + lengthBytes - 1, start, at);
    }
    at = start - 1;
    varint(length);
    at += length;
  }

  function duration(field: number, us: number): void {
    const start = open(field);
    number(DURATION.seconds, Math.floor(us / US_PER_S));
    number(DURATION.nanos, (us % US_PER_S) * NS_PER_US);
    close(start);
  }

  function limit(status: LimitStatus): void {
    makeRoom(ROOM_BYTES + status.name.length * BYTES_PER_UNIT);
    const start = open(DECISION.limits);
    const nameStart = open(LIMIT.name);
    at += bytes.write(status.name, at);
    close(nameStart);
    number(LIMIT.limit, status.limit);
    number(LIMIT.remaining, status.remaining);
    duration(LIMIT.window, status.windowUs);
    duration(LIMIT.resetDelay, status.resetDelayUs);
    flag(LIMIT.shadow, status.shadow);
    flag(LIMIT.shadowDenied, status.shadowDenied);
    flag(LIMIT.overridden, status.overridden);
    duration(LIMIT.nextDelay, status.nextDelayUs);
    close(start);
  }

  function response({ admitted, isRepeat, limits, retryDelayUs, degraded = false }: Decision): void {
    makeRoom(ROOM_BYTES);
    number(DECISION.verdict, toVerdict(admitted));
    for (const status of limits) limit(status);
    makeRoom(ROOM_BYTES);
    if (retryDelayUs !== undefined) duration(RETRY_DELAY, retryDelayUs);
    flag(DECISION.degraded, degraded);
    flag(DECISION.isRepeat, isRepeat);
  }

  function result(answer: Answer): void {
    makeRoom(ROOM_BYTES);
    const start = open(RESULTS);
    if (answer instanceof Error) {
      // Rare, so the generated code will do.
      const error = BatchAdmitResult.encode(toBatchError(answer)).finish();
      makeRoom(error.length);
      bytes.set(error, at);
      at += error.length;
    } else {
      const responseStart = open(RESULT_RESPONSE);
      response(answer);
      close(responseStart);
    }
    close(start);
  }

  /** A copy of what was written: the next message overwrites the buffer. */
  function finish(): Buffer {
    const written = Buffer.from(bytes.subarray(0, at));
    at = 0;
    return written;
  }

  return {
    admitResponse(decision) {
      at = 0;
      response(decision);
      return finish();
    },
    batchAdmitResponse(answers) {
      at = 0;
      for (const answer of answers) result(answer);
      return finish();
    },
  };
}
