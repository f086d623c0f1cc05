import { createHash, createHmac, randomUUID } from 'node:crypto';

/** What a form asks for: the same values give the same id. */
type Asked = {
  sessionId: string;
  /** The id of the form's page, so that each page may ask once. */
  formId: string;
  /** What is asked for, as it was understood. */
  values: readonly (string | number)[];
};

/** Makes the request id of what a form asks for: a UUID that only this site can make, and only for this session. */
export type RequestIds = (asked: Asked) => string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Keeps these ids apart from everything else that the secret signs. */
const PURPOSE = 'request-id';

const UUID_BYTES = 16;

/**
 * The same form with the same values, sent twice, is one request; with other values it is another. The id is a keyed hash (HMAC-SHA-256), so
 * that nobody can choose one, and in the form of a UUID of version 8 (RFC 9562).
 */
export function createRequestIds(secret: string): RequestIds {
  return ({ sessionId, formId, values }) => {
    const text = JSON.stringify([PURPOSE, sessionId, formId, ...values]);
    return toUuid(createHmac('sha256', secret).update(text).digest().subarray(0, UUID_BYTES));
  };
}

/** The id under which a request is made again after that of this id was refunded. The same each time. */
export function requestIdAfter(requestId: string): string {
  return toUuid(createHash('sha256').update(`after ${requestId}`).digest().subarray(0, UUID_BYTES));
}

/** The id of a form; a form without a valid one gets a new id. */
export function formIdOf(value: unknown): string {
  return typeof value === 'string' && UUID.test(value) ? value : randomUUID();
}

function toUuid(bytes: Buffer): string {
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
