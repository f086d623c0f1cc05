import { status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import type { AuditResult } from '../../scripts/audit/audit';
import { reportLines, violationCount } from '../../scripts/audit/report';
import { describeWithNetworks } from '../helpers/network';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';
import { type Split, startSplit } from './split/stage';
import { startSplitCluster, startSplitSentinels } from './split/stores';

const opened = closedAfterEach();

const MAX_LAG_S = 2;

/** A master without a replica that has answered lately takes no writes. */
const BOUNDED = { 'min-replicas-to-write': '1', 'min-replicas-max-lag': String(MAX_LAG_S) };

/** What was on its way when the network was cut, or when the master stopped: eight callers wait for one answer each. */
const MOST_ON_THE_WAY = 50;

const sum = (counts: Iterable<number>) => [...counts].reduce((a, b) => a + b, 0);

/** How many admissions the audit shows to be lost. */
function lostByAudit(result: AuditResult): number {
  const [, lost] = /may be lost, and at least (\d+) are/.exec(reportLines(result).join('\n')) ?? [];
  return Number(lost);
}

const violationsOf = ({ findings }: AuditResult) =>
  findings.flatMap(({ violations }) => violations.map(({ check, message }) => `${check}: ${message}`));

/**
 * Ends the load. What is free again, and no more, is taken again if it is asked for again; and the audit explains each loss
 * once it knows of the failover, or how long before the daemons noticed it the loss may have begun, and none before.
 */
async function accountFor(split: Split, boundMs: number): Promise<ReadonlyMap<string, number>> {
  const free = await split.lost();
  // A try without an answer may have taken a token, which the audit does not count.
  const unknown = await split.askAgain();
  expect(await split.lost()).toEqual(new Map());

  const [informed, uninformed] = [split.audited(boundMs), split.audited()];
  expect(violationsOf(informed)).toEqual([]);
  expect(lostByAudit(informed) + unknown).toBeGreaterThanOrEqual(sum(free.values()));
  expect(violationCount(uninformed) + unknown).toBeGreaterThanOrEqual(sum(free.values()));
  expect(violationsOf(await split.auditedByNotice())).toEqual([]);
  return free;
}

describeWithNetworks('a master that is cut off from its replicas, with a daemon', () => {
  test.each([
    ['a Cluster', startSplitCluster],
    ['Sentinels', startSplitSentinels],
  ] as const)(
    'of %s, stops by itself after min-replicas-max-lag, and no more is free again than it admitted until then',
    async (name, start) => {
      const split = await startSplit({ opened, start, config: BOUNDED });
      const { store, goOn, nearSince } = split;
      await goOn(200);
      split.cut();
      await until('the master rejects writes', split.rejectsWrites);
      const stoppedMs = performance.now();
      await until('its replica is promoted', store.isReplaced);
      await goOn(200);
      const admittedAfterwards = nearSince(stoppedMs).length;
      split.heal();
      await split.demoted();
      await goOn(200);
      const admitted = nearSince(split.cutMs());
      const free = await accountFor(split, stoppedMs - split.cutMs());

      const during = admitted.filter(({ atMs }) => atMs <= stoppedMs);
      const lastMs = Math.max(split.cutMs(), ...during.map(({ atMs }) => atMs));
      console.log(
        `${name}, min-replicas-max-lag ${MAX_LAG_S}: the cut-off master admitted for ${Math.round(lastMs - split.cutMs())} ms; ` +
          `${sum(free.values())} tokens are free again, of ${during.length} that it admitted meanwhile`,
      );
      expect(admittedAfterwards).toBeLessThanOrEqual(MOST_ON_THE_WAY);
      expect([...free.keys()].filter((subject) => !store.isOwned(subject))).toEqual([]);
      expect(sum(free.values())).toBeLessThanOrEqual(during.length + MOST_ON_THE_WAY);
      for (const count of free.values()) expect(count).toBeGreaterThan(0);
      expect(split.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
    },
    400_000,
  );

  test('of Sentinels, goes on for as long as it is cut off without min-replicas-max-lag', async () => {
    const split = await startSplit({ opened, start: startSplitSentinels, config: {} });
    const { store, goOn, nearSince } = split;
    await goOn(200);
    split.cut();
    await until('its replica is promoted', store.isReplaced);
    const promotedMs = performance.now();
    await until('it still admits', () => nearSince(promotedMs).length > MOST_ON_THE_WAY);
    const admitted = nearSince(split.cutMs()).length;
    split.heal();
    await split.demoted();
    const cutForMs = performance.now() - split.cutMs();
    await goOn(200);
    const free = await accountFor(split, cutForMs);

    console.log(
      `Sentinels, no min-replicas: the cut-off master was a master for another ${Math.round(cutForMs)} ms; ` +
        `${sum(free.values())} tokens are free again; it admitted ${admitted} until the network healed`,
    );
    expect(sum(free.values())).toBeGreaterThan(MOST_ON_THE_WAY);
    expect(violationCount(split.audited())).toBeGreaterThan(0);
    expect(split.failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
  }, 400_000);
});
