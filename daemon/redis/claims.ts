import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { StoreMismatch } from '../quota/errors';
import { translateFailure } from './failures';
import { createKeys, type Keys } from './keys';
import { callFunction } from './library';

/** The layout of what the daemon keeps in Redis. A store of another one cannot be read, and is refused. */
export const SCHEMA = 2;

/** What a daemon of schema 1, which kept the bare number of partitions here, takes for another number than its own. */
const SCHEMA_MARK = `schema ${SCHEMA}`;

/** What each partition of a store is claimed for: the text that every call must match. */
export type Claims = readonly string[];

/**
 * Claims a store for this schema and number of partitions, or finds that it is claimed so already. Each partition has
 * an epoch, made when it was claimed: a store that was emptied has another one. Throws `StoreMismatch` if the store is
 * of another schema, or has another number of partitions; `StoreUnavailable` if it does not answer.
 */
export async function claimStore(redis: Redis, keys: Keys, partitions: number): Promise<Claims> {
  await claimSchema(redis, keys);
  const wanted = `${SCHEMA}/${partitions}`;
  // In order: of two daemons that claim at once with different numbers, one loses at the first partition.
  const claims: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1) {
    const claim = String(
      await callFunction(redis, 'claim', {
        keys: [keys.control(partition)],
        args: [`${wanted}/${randomUUID()}`],
      }),
    );
    if (!claim.startsWith(`${wanted}/`)) throw mismatch(claim, partitions);
    claims.push(claim);
  }
  return claims;
}

async function claimSchema(redis: Redis, keys: Keys): Promise<void> {
  try {
    await redis.set(keys.schema, SCHEMA_MARK, 'NX');
    const kept = await redis.get(keys.schema);
    if (kept === SCHEMA_MARK) return;
    const schema = kept?.startsWith('schema ') ? kept : 'schema 1';
    throw new StoreMismatch(
      `the store holds data of ${schema}, and this daemon needs schema ${SCHEMA}: use the version that wrote it, or an empty database`,
    );
  } catch (error) {
    throw error instanceof StoreMismatch ? error : translateFailure(error);
  }
}

function mismatch(claim: string, partitions: number): StoreMismatch {
  const [schema, kept] = claim.split('/');
  if (Number(schema) !== SCHEMA)
    return new StoreMismatch(
      `the store holds data of schema ${schema}, and this daemon needs schema ${SCHEMA}`,
    );
  return new StoreMismatch(
    `QUOTA_PARTITIONS is ${partitions}, but this store was started with ${kept}, and keeps that number`,
  );
}

/** The number of partitions that a store is claimed for; undefined if it is not claimed. */
export async function readPartitions(redis: Redis, prefix: string): Promise<number | undefined> {
  const { control } = createKeys({ prefix, partitions: 1 });
  const claim = await redis.hget(control(0), 'claim');
  return claim === null ? undefined : Number(claim.split('/')[1]);
}
