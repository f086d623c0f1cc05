import { expect, test } from '@jest/globals';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import { Decision } from '../../gen/quota/v1/quota_service';
import { startCluster } from '../helpers/cluster';
import type { TestDaemon } from '../helpers/daemon';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { admitInTheEnd } from '../helpers/quota_client';
import { SENTINEL_PASSWORD, startSentinels } from '../helpers/sentinel';
import { describeWithShiftedClock, openClock } from '../helpers/shifted_redis';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const LIMIT = 10;
const PARTITIONS = 12;
const OFFSET = 'quota_store_clock_offset_seconds';
const SPREAD = 'quota_store_clock_spread_seconds';
const AHEAD = 'quota_store_clock_jumps_total{direction="forward"}';
const BACK = 'quota_store_clock_jumps_total{direction="back"}';

/** Less than a server of a Cluster may be silent, so that a clock that is set makes none seem so. */
const AHEAD_MS = 2_000;

/** A clock is known but for half of a round trip, which a busy machine makes long. */
const ERROR_S = 1;

const POLICIES = `
policies:
  connection:
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

const request = { subject: 'ada', policy: 'connection' };

const openClocks = (count: number) =>
  Array.from({ length: count }, () => opened.closed(openClock(), (clock) => clock.close()));

/** The value of a series; undefined if it is not shown. */
async function shownBy({ httpUrl }: TestDaemon, series: string): Promise<number | undefined> {
  const families = parsePrometheusText(await (await fetch(`${httpUrl}/metrics`)).text());
  return families.get(series.replace(/\{.*/, ''))?.samples.get(series);
}

async function untilShown(daemon: TestDaemon, series: string, isSo: (value: number) => boolean) {
  let last: number | undefined;
  await until(
    () => `${series} as expected; it is ${last}`,
    async () => {
      last = await shownBy(daemon, series);
      return last !== undefined && isSo(last);
    },
  );
}

const isNear = (seconds: number) => (value: number) => Math.abs(value - seconds) < ERROR_S;

/** How far the daemon has seen its store's clocks jump, by its log. */
const jumpsIn = ({ log }: TestDaemon) =>
  log.filter(({ msg }) => msg === "the store's clock has jumped").map(({ jumpMs }) => Number(jumpMs));

async function startOnSentinels() {
  const clocks = openClocks(3);
  const envs = clocks.map(({ env }) => env);
  const sentinels = opened.closed(await startSentinels({ envs }), (each) => each.close());
  const env = { REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD, QUOTA_DENIAL_CACHE: 'off' };
  const daemon = await opened.daemon({ redisUrl: sentinels.url, policies: POLICIES, env });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  // The first is the master's.
  for (const clock of clocks.slice(1)) clock.shift(AHEAD_MS);
  return { sentinels, daemon };
}

async function startOnCluster() {
  const clocks = openClocks(6);
  const cluster = opened.closed(await startCluster({ envs: clocks.map(({ env }) => env) }), (each) =>
    each.close(),
  );
  const keys = createKeys({ prefix: '', partitions: PARTITIONS, tags: spreadTags(PARTITIONS) });
  const env = { QUOTA_PARTITIONS: String(PARTITIONS) };
  const daemon = await opened.daemon({ redisUrl: cluster.url, policies: POLICIES, env });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');

  /** A replica in the place of the master of the first partition, and how many partitions that has. */
  async function promoteWithClockAhead(): Promise<number> {
    const owners = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => cluster.ownerOf(keys.control(partition))),
    );
    const [master] = owners;
    if (master === undefined) throw new Error('nobody owns the first partition');
    const replica = await cluster.replicaOf(master);
    clocks[cluster.servers.indexOf(replica)]?.shift(AHEAD_MS);
    await cluster.promoteReplicaOf(master);
    return owners.filter((owner) => owner === master).length;
  }

  return { daemon, promoteWithClockAhead };
}

describeWithShiftedClock('a failover to another clock (needs a C compiler)', () => {
  test('of Sentinels, is counted and logged by a daemon that nobody asks', async () => {
    const { sentinels, daemon } = await startOnSentinels();
    await untilShown(daemon, OFFSET, isNear(0));

    await sentinels.replicated();
    await sentinels.failOver();

    await untilShown(daemon, OFFSET, isNear(AHEAD_MS / 1000));
    expect([await shownBy(daemon, AHEAD), await shownBy(daemon, BACK)]).toEqual([1, 0]);
    expect(jumpsIn(daemon).map((jumpMs) => isNear(AHEAD_MS / 1000)(jumpMs / 1000))).toEqual([true]);
  }, 180_000);

  test('of Sentinels, frees no token of a window that has not passed on that clock either', async () => {
    const { sentinels, daemon } = await startOnSentinels();
    for (let taken = 1; taken < LIMIT; taken += 1) await admitInTheEnd(daemon.client, request);

    await sentinels.replicated();
    await sentinels.failOver();
    const last = await admitInTheEnd(daemon.client, request);
    const next = await admitInTheEnd(daemon.client, request);

    expect([last.decision, next.decision]).toEqual([Decision.ADMITTED, Decision.DENIED]);
    expect(await shownBy(daemon, AHEAD)).toBe(1);
  }, 180_000);

  test('of a Cluster, is counted for each partition of that master, and the spread of the clocks is shown', async () => {
    const { daemon, promoteWithClockAhead } = await startOnCluster();
    await untilShown(daemon, SPREAD, (seconds) => seconds === 0);

    const partitions = await promoteWithClockAhead();

    // A server that has not heard of the failover yet may lead the daemon to the former master once more, and back.
    const jumps = async () => Number(await shownBy(daemon, AHEAD)) - Number(await shownBy(daemon, BACK));
    await until('a jump of each partition', async () => (await jumps()) === partitions);
    expect(await shownBy(daemon, SPREAD)).toBeGreaterThan(AHEAD_MS / 1000 - ERROR_S);
    expect(await shownBy(daemon, OFFSET)).toBeGreaterThan(AHEAD_MS / 1000 - ERROR_S);
  }, 180_000);
});
