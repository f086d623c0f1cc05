import { afterAll, beforeAll } from '@jest/globals';
import { type AdminClient, createAdminClient } from './admin_client';
import { startDaemon, type TestDaemon } from './daemon';
import { openRedisSpace, type RedisSpace } from './redis';

const POLICIES = `
services: [vente]
policies:
  connection:
    raises: { per-window: { limit: 6, for: 2h } }
    limits:
      - { name: per-window, algorithm: sliding-window, limit: 3, window: 10m }
  mixed:
    limits:
      - { name: window, algorithm: sliding-window, limit: 5, window: 10m }
      - { name: bucket, algorithm: token-bucket, limit: 5, window: 10m }
      - { name: tried-out, algorithm: sliding-window, limit: 2, window: 10m, shadow: true }
`;

/** Two daemons on one store, and an operator of the first. */
export interface OperatedDaemons {
  readonly daemon: TestDaemon;
  readonly elsewhere: TestDaemon;
  readonly admin: AdminClient;
}

/** Call it once at the top of a test file: they run for all of its tests. */
export function operatedDaemons(): OperatedDaemons {
  let space: RedisSpace;
  let daemons: [TestDaemon, TestDaemon];
  let admin: AdminClient;
  beforeAll(async () => {
    space = openRedisSpace();
    const options = { redisUrl: space.url, prefix: space.prefix, policies: POLICIES };
    daemons = await Promise.all([startDaemon(options), startDaemon(options)]);
    admin = createAdminClient(daemons[0].target);
  });
  afterAll(async () => {
    admin.close();
    await Promise.all(daemons.map((each) => each.stop()));
    await space.close();
  });
  return {
    get daemon() {
      return daemons[0];
    },
    get elsewhere() {
      return daemons[1];
    },
    get admin() {
      return admin;
    },
  };
}
