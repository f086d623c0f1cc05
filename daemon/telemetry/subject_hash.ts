import { createHmac, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** Long enough that no two subjects of a log collide. */
const HASH_CHARACTERS = 16;

/** How a subject appears in the logs: with the secret a known subject can be found, but no name can be read. */
export type SubjectHash = (subject: string) => string;

/** HMAC-SHA-256 with a secret of the deployment, in hexadecimal digits. */
export function createSubjectHash(secret: string): SubjectHash {
  return (subject) => createHmac('sha256', secret).update(subject).digest('hex').slice(0, HASH_CHARACTERS);
}

/** A secret for this process only, if none is configured. */
export function newLogSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}
