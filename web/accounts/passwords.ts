import { createHash, randomBytes } from 'node:crypto';
import { argon2id, hash, verify } from 'argon2';

// OWASP Password Storage Cheat Sheet, argon2id: 19 MiB of memory, two passes, one lane.
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;

// Computed once at start, so that the first unknown email is no slower than the next.
const dummyHash = hashPassword(randomBytes(16).toString('hex'));

/** Hashes with argon2id and a new salt; the result includes its parameters. */
export function hashPassword(password: string): Promise<string> {
  return hash(normalize(password), {
    type: argon2id,
    memoryCost: MEMORY_KIB,
    timeCost: PASSES,
    parallelism: LANES,
  });
}

/** Checks a password. Without a hash (an unknown email) it returns false, after the same time. */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  const matches = await verify(passwordHash ?? (await dummyHash), normalize(password));
  return passwordHash !== undefined && matches;
}

/** Whether two typed passwords are the same. */
export function isSamePassword(one: string, other: string): boolean {
  return normalize(one) === normalize(other);
}

/** Identifies one stored password among others (each hash has its own salt), and reveals nothing about it. */
export function passwordMark(passwordHash: string): string {
  return createHash('sha256').update(passwordHash).digest('base64url');
}

/** One keyboard writes é as one character, another as two; both are the same password. */
function normalize(password: string): string {
  return password.normalize('NFKC');
}
