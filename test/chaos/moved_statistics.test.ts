import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import calculateSlot from 'cluster-key-slot';
import { spreadTags } from '../../daemon/redis/hash_tags';
import { createKeys } from '../../daemon/redis/keys';
import type { StatsResponse } from '../../gen/quota/v1/quota_service';
import { startCluster } from '../helpers/cluster';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd, type QuotaClient } from '../helpers/quota_client';
import { until, within } from '../helpers/wait';
import { startLoad } from './load';
import { longestGap, moveSlot } from './slot_move';

const opened = closedAfterEach();

/** Subjects with one connection before the moves; the log and the sets of the statistics have as many entries. */
const SIZES = [1_000, 10_000];

/** How many keys go at once: as redis-cli does it by default, and so many that the round trips do not matter. */
const PIPELINES = [10, 1_000];

/** Of all subjects, those that the load asks for; the statistics list them all. */
const ASKED_SUBJECTS = 100;

/** Far more than is decided before the last move is over. */
const MOST = 1_000_000;

const FILLED_AT_ONCE = 100;

/** Of pino. */
const ERROR_LEVEL = 50;

/** The pause between two readings of the statistics. */
const READ_EVERY_MS = 20;

/** More than the load takes of any subject. */
const LIMIT = 1_000;

const POLICIES = `
services: [vente]
policies:
  connection:
    records: connections
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

const keys = createKeys({ prefix: '', partitions: 1, tags: spreadTags(1) });
const slot = calculateSlot(keys.control(0));

const subjectAt = (number: number) => `user-${number}`;
const askedSubject = (requestId: string) =>
  subjectAt(Number.parseInt(requestId.slice(0, 4), 16) % ASKED_SUBJECTS);

/** How many entries each subject has by what the clients were answered. */
function createTally() {
  const bySubject = new Map<string, number>();
  let total = 0;
  return {
    add(subject: string) {
      bySubject.set(subject, (bySubject.get(subject) ?? 0) + 1);
      total += 1;
    },
    of: (subject: string) => bySubject.get(subject) ?? 0,
    total: () => total,
  };
}

/** Reads the statistics again and again; each must count what was answered before, and nothing that was not asked for. */
function startReading(client: QuotaClient, { answered, begun }: Record<'answered' | 'begun', () => number>) {
  const answeredAtMs: number[] = [];
  const failures: number[] = [];
  const wrong: string[] = [];
  let isStopped = false;

  async function read(): Promise<void> {
    const least = answered();
    try {
      const calls = callsIn(await client.stats());
      const most = begun();
      if (calls < least || calls > most) wrong.push(`${calls} calls, of ${least} answered and ${most} begun`);
      answeredAtMs.push(performance.now());
    } catch (error) {
      failures.push((error as ServiceError).code);
    }
  }

  async function readOn(): Promise<void> {
    while (!isStopped) {
      await read();
      await pause(READ_EVERY_MS);
    }
  }

  const done = readOn();
  return {
    answeredAtMs,
    failures,
    wrong,
    stop() {
      isStopped = true;
      return done;
    },
  };
}

const callsIn = ({ services }: StatsResponse) =>
  services.reduce((sum, { callCount }) => sum + Number(callCount), 0);

const admittedIn = ({ hours }: StatsResponse) =>
  hours
    .flatMap(({ policies }) => policies)
    .reduce((sum, { admittedCount }) => sum + Number(admittedCount), 0);

test('a partition whose slot moves while statistics are written, folded and read counts each entry once', async () => {
  const cluster = opened.closed(await startCluster({ replicas: 0 }), (each) => each.close());
  const env = { QUOTA_PARTITIONS: '1', QUOTA_SHEDDING: 'off' };
  const daemon = await opened.daemon({ redisUrl: cluster.url, policies: POLICIES, env });
  const { client } = daemon;
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');
  const source = await cluster.ownerOf(keys.control(0));
  const target = cluster.servers.find((each) => each !== source);
  if (target === undefined) throw new Error('there is one server only');

  const [connections, calls] = [createTally(), createTally()];
  async function fill({ from, to }: { from: number; to: number }): Promise<void> {
    for (let first = from; first < to; first += FILLED_AT_ONCE)
      await Promise.all(
        Array.from({ length: Math.min(FILLED_AT_ONCE, to - first) }, async (_, at) => {
          await admitInTheEnd(client, { subject: subjectAt(first + at), policy: 'connection' });
          connections.add(subjectAt(first + at));
        }),
      );
  }
  await fill({ from: 0, to: SIZES[0] ?? 0 });

  const admitting = opened.closed(
    startLoad({
      count: MOST,
      client: () => client,
      async ask(_, requestId) {
        const subject = askedSubject(requestId);
        await client.admit({ subject, policy: 'connection', requestId });
        connections.add(subject);
      },
    }),
    (each) => each.stop(),
  );
  const begunCalls = new Set<string>();
  const recording = opened.closed(
    startLoad({
      count: MOST,
      client: () => client,
      async ask(_, requestId) {
        begunCalls.add(requestId);
        const subject = askedSubject(requestId);
        await client.recordCall({ subject, service: 'vente', requestId });
        calls.add(subject);
      },
    }),
    (each) => each.stop(),
  );
  const reading = opened.closed(
    startReading(client, { answered: calls.total, begun: () => begunCalls.size }),
    (each) => each.stop(),
  );
  const goOn = () =>
    Promise.all([admitting, recording].map((load) => load.answered(load.answers.length + 200)));

  const lines: string[] = [];
  for (const [at, size] of SIZES.entries()) {
    if (at > 0) await fill({ from: SIZES[at - 1] ?? 0, to: size });
    // There, and back again.
    for (const [turn, pipeline] of PIPELINES.entries()) {
      const [from, to] = turn % 2 === 0 ? [source, target] : [target, source];
      const beforeMs = performance.now();
      await goOn();
      const startMs = performance.now();
      await moveSlot(cluster, { slot, from, to, pipeline });
      const endMs = performance.now();
      await goOn();
      await until('statistics after the move', () => (reading.answeredAtMs.at(-1) ?? 0) > endMs);
      const [usual, moved] = [
        longestGap(reading.answeredAtMs, beforeMs, startMs),
        longestGap(reading.answeredAtMs, startMs),
      ];
      lines.push(
        `${size} subjects, ${pipeline} keys at once: moved in ${Math.round(endMs - startMs)} ms, ` +
          `no Stats for ${Math.round(moved)} ms (${Math.round(usual)} ms without a move)`,
      );
    }
  }
  for (const load of [admitting, recording]) load.finish();
  await within('the last answers', Promise.all([admitting.done, recording.done]));
  await reading.stop();
  console.log(lines.join('\n'));

  const stats = await client.stats({ topCount: ASKED_SUBJECTS, hourCount: 2 });
  expect(callsIn(stats)).toBe(calls.total());
  expect(admittedIn(stats)).toBe(connections.total());
  for (let number = 0; number < ASKED_SUBJECTS; number += 1) {
    const subject = subjectAt(number);
    const { subjectUsage } = await client.stats({ subject });
    expect(subjectUsage).toEqual({
      subject,
      connectionCount: connections.of(subject),
      callCount: calls.of(subject),
    });
  }
  expect(reading.wrong).toEqual([]);
  // An answer of INTERNAL has its cause in the log alone.
  expect(daemon.log.filter(({ level }) => Number(level) >= ERROR_LEVEL)).toEqual([]);
  const failures = [...admitting.failures, ...recording.failures, ...reading.failures];
  expect(failures.filter((code) => code !== status.UNAVAILABLE)).toEqual([]);
}, 600_000);
