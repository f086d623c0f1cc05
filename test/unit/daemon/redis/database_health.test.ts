import { expect, test } from '@jest/globals';
import type { Cluster } from 'ioredis';
import { pino } from 'pino';
import { watchDatabase } from '../../../../daemon/redis/database_health';
import { createKeys } from '../../../../daemon/redis/keys';
import { until } from '../../../helpers/wait';

const PARTITIONS = 300;

/** Shorter than the time between two probes of most partitions, which is 11 s on average. */
const SOON_MS = 8_000;

test('watchDatabase: of many partitions that fail together, each is out of use long before its turn, and back soon', async () => {
  let isDown = false;
  const cluster = {
    isCluster: true,
    async set() {
      if (isDown) throw new Error('Connection is closed.');
      return 'OK';
    },
  };
  const health = watchDatabase({
    redis: cluster as unknown as Cluster,
    name: 'test',
    keys: createKeys({ prefix: '', partitions: PARTITIONS }),
    partitions: PARTITIONS,
    logger: pino({ level: 'silent' }),
  });
  await health.start();
  const before = health.unaskedCount();
  isDown = true;
  await until('each is out of use', () => health.unaskedCount() === PARTITIONS, { boundMs: SOON_MS });
  isDown = false;
  await until('each is used again', () => health.unaskedCount() === 0, { boundMs: SOON_MS });
  health.stop();

  expect(before).toBe(0);
  expect(health.isUsable()).toBe(true);
});
