import { createHmac, randomBytes } from 'node:crypto';

const SECRET_BYTES = 32;

/** Enough that no two subjects of a log are taken for one. */
const HASH_CHARACTERS = 16;

/** How a subject appears in the logs: whoever has the secret can find a subject, nobody can read one. */
export type SubjectHash = (subject: string) => string;

/** HMAC-SHA-256 with a secret of the deployment, in hexadecimal digits. */
export function createSubjectHash(secret: string): SubjectHash {
  return (subject) => createHmac('sha256', secret).update(subject).digest('hex').slice(0, HASH_CHARACTERS);
}

/** A secret that ends with the process, for those who have set none. */
export function newLogSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}
