import type { Redis } from 'ioredis';

/** What a key holds. */
export interface KeySize {
  readonly key: string;
  readonly type: string;
  readonly bytes: number;
}

/** The sizes of the keys that the test takes, exactly: every element is looked at. */
export async function sizesOf(redis: Redis, isWanted: (key: string) => boolean): Promise<KeySize[]> {
  const sizes: KeySize[] = [];
  for await (const page of redis.scanStream({ count: 1_000 }) as AsyncIterable<string[]>)
    for (const key of page.filter(isWanted)) {
      const [type, bytes] = await Promise.all([redis.type(key), redis.memory('USAGE', key, 'SAMPLES', 0)]);
      sizes.push({ key, type, bytes: bytes ?? 0 });
    }
  return sizes;
}

export function sumOf(sizes: readonly KeySize[]): number {
  return sizes.reduce((sum, { bytes }) => sum + bytes, 0);
}
