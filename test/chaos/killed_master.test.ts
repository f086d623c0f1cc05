import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';
import { accountFor } from './failover/account';
import { watchWrites } from './failover/received';
import { startRecordedLoad } from './failover/recorded_load';
import { type Store, type StoreOptions, startClusterStore, startSentinelStore } from './failover/stores';

const opened = closedAfterEach();

/** As in docker-compose.cluster.yml: one replica each. */
const startSmallCluster = (options: StoreOptions) => startClusterStore({ ...options, replicas: 1 });

/** A connected replica is behind by less. */
const MOST_LOST = 50;

const STORES = [
  ['a Cluster', startSmallCluster],
  ['Sentinels', startSentinelStore],
] as const;

/** Without `min-replicas-to-write`. */
const start = async (startStore: (options: StoreOptions) => Promise<Store>) => {
  const store = await startStore({ opened, config: {} });
  const { load } = await startRecordedLoad({ opened, store });
  const writes = await watchWrites(opened, store);
  await load.goOn(200);

  /** Kills the master under load, and accounts for what that has cost once another has taken its place. */
  async function killMaster() {
    await store.master.kill();
    const killedMs = performance.now();
    await until('its replica is promoted', store.isReplaced);
    await load.goOn(500);
    const exposure = { fromMs: await writes.untilMs(), untilMs: killedMs };
    const { free, most } = await accountFor(load, exposure, store);
    const exposedMs = Math.round(killedMs - exposure.fromMs);
    return { free, most, exposedMs };
  }

  return { store, load, killMaster };
};

describe('a master that is killed under load', () => {
  test.each(STORES)(
    'of %s, forgets no more than its replica had not received',
    async (name, startStore) => {
      const { load, killMaster } = await start(startStore);
      const { free, most, exposedMs } = await killMaster();

      console.log(
        `${name}: the master was killed up to ${exposedMs} ms after the last write that its successor has received; ` +
          `${free} tokens are free again, of ${most} at most`,
      );
      expect(free).toBeLessThanOrEqual(MOST_LOST);
      expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    },
    300_000,
  );

  test.each(STORES)(
    'of %s, and whose replicas had lost it before, forgets what it admitted since then, and no more',
    async (name, startStore) => {
      const { store, load, killMaster } = await start(startStore);
      await store.loseReplicas();
      await load.goOn(300);
      const { free, most, exposedMs } = await killMaster();

      console.log(
        `${name}: the master was killed ${exposedMs} ms after its replicas had lost it; ` +
          `${free} tokens are free again, of ${most} at most`,
      );
      expect(free).toBeGreaterThan(0);
      expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    },
    300_000,
  );
});
