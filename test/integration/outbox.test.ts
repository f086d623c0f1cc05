import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { connect } from '../../web/database';
import { insertCall, outboxTable } from '../../web/outbox/outbox';
import { startRelay } from '../../web/outbox/relay';
import { openMarket, type TestMarket } from '../helpers/market';
import { closedAfterEach } from '../helpers/opened';
import { until } from '../helpers/wait';

const opened = closedAfterEach();
const logger = pino({ level: 'silent' });

async function openOutbox() {
  const market = opened.closed(await openMarket(), (opening) => opening.close());
  return { market, outbox: outboxTable(market.pool) };
}

async function insertCalls({ pool }: TestMarket, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (const requestId of ids) await insertCall(pool, { requestId, userId: 7, service: 'vente' });
  return ids;
}

describe('outbox', () => {
  test('outbox: a call is claimed with what it was written down with, in UTC', async () => {
    const { market, outbox } = await openOutbox();
    const beforeMs = Date.now();
    const [requestId] = await insertCalls(market, 1);
    const [claimed] = await outbox.claim(10);
    expect(claimed).toMatchObject({ refusals: 0, call: { subject: '7', service: 'vente', requestId } });
    // The database runs on this machine's clock; the difference that matters is of hours.
    expect(Math.abs(Number(claimed?.call.callTime) - beforeMs)).toBeLessThan(60_000);
  });

  test('outbox: a claimed call is nobody else’s until it is given back', async () => {
    const { market, outbox } = await openOutbox();
    await insertCalls(market, 3);
    const [first] = await outbox.claim(1);
    expect(await outbox.claim(10)).toHaveLength(2);
    expect(await outbox.claim(10)).toEqual([]);
    await outbox.release([Number(first?.id)]);
    expect((await outbox.claim(10)).map(({ id }) => id)).toEqual([first?.id]);
  });

  test('outbox: a claim whose relay is gone is due again when the lease ends', async () => {
    const { market, outbox } = await openOutbox();
    await insertCalls(market, 1);
    await outbox.claim(1);
    // As if the lease had passed.
    await market.pool.query('UPDATE outbox SET next_attempt = next_attempt - INTERVAL 10 SECOND');
    expect(await outbox.claim(1)).toHaveLength(1);
  });

  test('outbox: a rejected call comes later, with the rejection counted', async () => {
    const { market, outbox } = await openOutbox();
    await insertCalls(market, 1);
    const [claimed] = await outbox.claim(1);
    await outbox.postpone({ id: Number(claimed?.id), delayMs: 60_000 });
    expect(await outbox.claim(1)).toEqual([]);
    await market.pool.query('UPDATE outbox SET next_attempt = next_attempt - INTERVAL 60 SECOND');
    expect(await outbox.claim(1)).toMatchObject([{ refusals: 1 }]);
  });

  test('outbox: a call whose transaction is not committed yet is stepped over and not waited for', async () => {
    const { market, outbox } = await openOutbox();
    const [committed] = await insertCalls(market, 1);
    const connection = await market.pool.getConnection();
    await connection.beginTransaction();
    const requestId = randomUUID();
    await insertCall(connection, { requestId, userId: 7, service: 'achat' });
    expect((await outbox.claim(10)).map(({ call }) => call.requestId)).toEqual([committed]);
    await connection.commit();
    connection.release();
    expect((await outbox.claim(10)).map(({ call }) => call.requestId)).toEqual([requestId]);
  });

  test('outbox: two claims at once get no call twice', async () => {
    const { market, outbox } = await openOutbox();
    await insertCalls(market, 40);
    const claims = await Promise.all(Array.from({ length: 8 }, () => outbox.claim(5)));
    const ids = claims.flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('outbox: the backlog says how many wait and for how long', async () => {
    const { market, outbox } = await openOutbox();
    expect(await outbox.backlog()).toEqual({ waiting: 0, oldestAgeMs: 0 });
    await insertCalls(market, 2);
    await market.pool.query('UPDATE outbox SET call_time = call_time - INTERVAL 90 SECOND');
    const { waiting, oldestAgeMs } = await outbox.backlog();
    expect(waiting).toBe(2);
    expect(oldestAgeMs).toBeGreaterThanOrEqual(90_000);
    expect(oldestAgeMs).toBeLessThan(150_000);
  });
});

test('relay: of two on one table, one sends each call, once', async () => {
  const { market } = await openOutbox();
  const ids = await insertCalls(market, 200);
  const told: string[][] = [[], []];
  const relays = told.map((mine) => {
    const pool = opened.closed(connect(market.url), (own) => own.end());
    const relay = startRelay({
      outbox: outboxTable(pool),
      async send({ requestId }) {
        // About what a daemon takes, so that both are at work at once.
        await pause(5);
        mine.push(requestId);
      },
      logger,
    });
    return opened.closed(relay, ({ stop }) => stop());
  });
  const { backlog } = outboxTable(market.pool);
  await until('an empty outbox', async () => (await backlog()).waiting === 0);
  await Promise.all(relays.map((relay) => relay.stop()));

  expect(told.flat().toSorted()).toEqual(ids.toSorted());
  expect(told.every((mine) => mine.length > 0)).toBe(true);
});
