import { createHash, randomBytes } from 'node:crypto';

/** 256 bits: beyond any guessing, so that a plain digest hides a token as well as a slow one would. */
const TOKEN_BYTES = 32;

/** Makes a token recognisable to people and to scanners for leaked secrets. */
const PREFIX = 'quota_';

/** Anything in a text that looks like a token. */
const TOKEN_LIKE = /quota_[\w-]{20,}/g;

/** A new bearer token: random, and safe in a header, a URL and a shell. */
export function newToken(): string {
  return PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
}

/** The SHA-256 of a token: what the access file keeps of it. */
export function tokenDigest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/** The text with all tokens removed: a token pasted in place of its digest must not appear in a log. */
export function withoutTokens(text: string): string {
  return text.replace(TOKEN_LIKE, '(a token)');
}

/** The token of an `authorization` header; undefined if it holds none. */
export function bearerToken(header: string): string | undefined {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(header)?.[1];
}
