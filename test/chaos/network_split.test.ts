import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { violationCount } from '../../scripts/audit/report';
import { describeWithNetworks } from '../helpers/network';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';
import { accountFor } from './failover/account';
import { watchWrites } from './failover/received';
import { startSplit } from './failover/split';
import { startSentinelStore, startSplitCluster } from './failover/stores';

const opened = closedAfterEach();

const MAX_LAG_S = 2;

/** A master without a replica that has answered lately takes no writes. */
const BOUNDED = { 'min-replicas-to-write': '1', 'min-replicas-max-lag': String(MAX_LAG_S) };

/** More than what was on its way when the network was cut: eight callers wait for one answer each. */
const MORE_THAN_ON_THE_WAY = 50;

describeWithNetworks('a master that is cut off from its replicas, with a daemon', () => {
  test.each([
    ['a Cluster', `min-replicas-max-lag ${MAX_LAG_S}`, startSplitCluster, BOUNDED],
    ['Sentinels', `min-replicas-max-lag ${MAX_LAG_S}`, startSentinelStore, BOUNDED],
    ['a Cluster', 'cluster-node-timeout 8000', startSplitCluster, {}],
  ] as const)(
    'of %s, stops by itself after %s, and no more is free again than it admitted until then',
    async (name, bound, start, config) => {
      const split = await startSplit({ opened, start, config });
      const { store, load, nearSince } = split;
      const writes = await watchWrites(opened, store);
      await load.goOn(200);
      split.cut();
      await until('the master rejects writes', split.rejectsWrites);
      const stoppedMs = performance.now();
      await until('its replica is promoted', store.isReplaced);
      await load.goOn(200);
      const admittedAfterwards = nearSince(stoppedMs).length;
      split.heal();
      await split.demoted();
      await load.goOn(200);
      const during = nearSince(split.cutMs()).filter(({ atMs }) => atMs <= stoppedMs);
      const lastMs = Math.max(split.cutMs(), ...during.map(({ atMs }) => atMs));
      const exposure = { fromMs: await writes.untilMs(), untilMs: stoppedMs };
      const { free, most } = await accountFor(load, exposure, store);

      console.log(
        `${name}, ${bound}: the cut-off master admitted for ${Math.round(lastMs - split.cutMs())} ms; ` +
          `${free} tokens are free again, of ${most} that its replicas may not have received`,
      );
      expect(admittedAfterwards).toBe(0);
      expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    },
    400_000,
  );

  test('of Sentinels, goes on for as long as it is cut off without min-replicas-max-lag', async () => {
    const split = await startSplit({ opened, start: startSentinelStore, config: {} });
    const { store, load, nearSince } = split;
    const writes = await watchWrites(opened, store);
    await load.goOn(200);
    split.cut();
    await until('its replica is promoted', store.isReplaced);
    const promotedMs = performance.now();
    await until('it still admits', () => nearSince(promotedMs).length > MORE_THAN_ON_THE_WAY);
    split.heal();
    await split.demoted();
    const demotedMs = performance.now();
    const cutForMs = demotedMs - split.cutMs();
    await load.goOn(200);
    const exposure = { fromMs: await writes.untilMs(), untilMs: demotedMs };
    const { free, most } = await accountFor(load, exposure, store);

    console.log(
      `Sentinels, no min-replicas: the cut-off master was a master for another ${Math.round(cutForMs)} ms; ` +
        `${free} tokens are free again, of ${most} that the store admitted meanwhile`,
    );
    expect(free).toBeGreaterThan(MORE_THAN_ON_THE_WAY);
    expect(violationCount(load.audited())).toBeGreaterThan(0);
    expect(load.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
  }, 400_000);
});
