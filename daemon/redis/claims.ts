import { randomUUID } from 'node:crypto';
import { StoreMismatch } from '../quota/errors';
import { translateFailure } from './failures';
import { FIRST_TAG } from './hash_tags';
import { createKeys, type Keys } from './keys';
import { callFunction } from './library';
import { type Database, isCluster } from './nodes';

/** The layout of what the daemon keeps in Redis. A store with another schema cannot be read, and is rejected. */
export const SCHEMA = 2;

/** A daemon of schema 1 kept the bare number of partitions here; it reads this as a number other than its own. */
const SCHEMA_MARK = `schema ${SCHEMA}`;

/** What each partition of a store is claimed for: the text that every call must match. */
export type Claims = readonly string[];

/**
 * Claims a store for this schema and number of partitions, or checks the existing claim. Each partition has an epoch,
 * created with its claim; an emptied store gets a new one. Throws `StoreMismatch` if the store is of another schema, or
 * has another number of partitions; `StoreUnavailable` if it does not answer.
 */
export async function claimStore(redis: Database, keys: Keys, partitions: number): Promise<Claims> {
  await claimSchema(redis, keys);
  // In order: of two daemons that claim at once with different numbers, one loses at the first partition.
  const claims: string[] = [];
  for (let partition = 0; partition < partitions; partition += 1)
    claims.push(await claimPartition({ redis, keys, partitions }, partition));
  return claims;
}

/** Claims one partition and returns its claim. For a Cluster, which has no key for the whole store. */
export async function claimPartition(
  { redis, keys, partitions }: { redis: Database; keys: Keys; partitions: number },
  partition: number,
): Promise<string> {
  const wanted = `${SCHEMA}/${partitions}`;
  const call = { keys: [keys.control(partition)], args: [`${wanted}/${randomUUID()}`] };
  const claim = String(await callFunction(redis, 'claim', call));
  if (!claim.startsWith(`${wanted}/`)) throw mismatch(claim, partitions);
  return claim;
}

async function claimSchema(redis: Database, keys: Keys): Promise<void> {
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
export async function readPartitions(redis: Database, prefix: string): Promise<number | undefined> {
  const { control } = createKeys({ prefix, partitions: 1, tags: [isCluster(redis) ? FIRST_TAG : '0'] });
  const claim = await redis.hget(control(0), 'claim');
  return claim === null ? undefined : Number(claim.split('/')[1]);
}
