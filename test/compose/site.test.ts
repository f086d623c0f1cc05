import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createQuotaClient, failureOf, type QuotaClient } from '../helpers/quota_client';
import type { Visitor } from '../helpers/visitor';
import { until } from '../helpers/wait';
import { addUser } from './accounts';
import { callCount, newVisitor, operatorClient, TARGET } from './client';
import { healthOfAll, inside, SERVICES } from './docker';
import { expectEleventhDenied, logIn } from './logins';

const SALE = { title: 'Lampe', category: 'other', condition: 'fair', price: '3' };

async function loggedIn(role: 'student' | 'staff'): Promise<Visitor> {
  const visitor = newVisitor();
  await logIn(await addUser(role), visitor);
  return visitor;
}

let client: QuotaClient;
beforeAll(() => {
  client = operatorClient();
});
afterAll(() => client.close());

describe('the stack', () => {
  test('every service is healthy', async () => {
    expect(await healthOfAll()).toEqual(SERVICES.map((service) => `${service} healthy`));
  });

  test('MySQL 9 and Redis 8 are the real ones', async () => {
    const mysql = await inside('mysql', 'mysqld', '--version');
    const redis = await inside('redis', 'redis-server', '--version');

    expect(mysql.text).toMatch(/Ver 9\./);
    expect(mysql.text).not.toMatch(/MariaDB/i);
    expect(redis.text).toMatch(/v=8\./);
  });
});

describe('the web tier at its published port', () => {
  test('ten logins are admitted, and the eleventh is denied with the time of the next', async () => {
    await expectEleventhDenied();
  });

  test('an article is listed by one user and bought by another, and the daemon gets both calls', async () => {
    const [vente, achat] = [await callCount(client, 'vente'), await callCount(client, 'achat')];
    const title = `Candide ${randomUUID()}`;
    const [seller, buyer] = [await loggedIn('student'), await loggedIn('student')];
    const sale = { title, category: 'book', condition: 'good', price: '4,50' };
    const { response: sold } = await seller.submit('/services/vente', '/services/vente', sale);
    const { html: found } = await buyer.get(`/services/achat?q=${encodeURIComponent(title)}`);
    const article = /href="\/articles\/(\d+)"/.exec(found)?.[1] ?? '';
    const { response: bought } = await buyer.submit('/services/achat', '/services/achat', { article });
    const { response: again } = await buyer.submit('/services/achat', '/services/achat', { article });

    // Who presses twice has bought once.
    expect([sold.status, bought.status, again.status]).toEqual([303, 303, 303]);
    await until('the call', async () => (await callCount(client, 'achat')) === achat + 1);
    expect(await callCount(client, 'vente')).toBe(vente + 1);
  });

  test('the student’s meter and the block that the staff lifts work with the web tier’s own token', async () => {
    const student = await loggedIn('student');
    const { html: account } = await student.get('/services');
    for (let i = 0; i < 10; i += 1) await student.submit('/services/vente', '/services/vente', SALE);
    const { response: refused } = await student.submit('/services/vente', '/services/vente', SALE);
    const staff = await loggedIn('staff');
    const { html: latest } = await staff.get('/students');
    // Below the blocked ones. The latest accounts stand first: the staff's own, then the student's.
    const [, list = ''] = latest.split('id="list-title"');
    const page = [...list.matchAll(/href="(\/students\/\d+)"/g)][1]?.[1] ?? '';
    const { response: lifted } = await staff.submit(page, `${page}/reset`, { policy: 'service-call' });
    const { response: admitted } = await student.submit('/services/vente', '/services/vente', SALE);

    expect(account).toContain('10 of 10 left');
    expect([refused.status, lifted.status, admitted.status]).toEqual([429, 303, 303]);
  });
});

describe('the daemon at its published port', () => {
  test('an admission is decided', async () => {
    const { decision, degraded } = await client.admit({ subject: randomUUID(), policy: 'connection' });

    expect([decision, degraded]).toEqual([Decision.ADMITTED, false]);
  });

  test('a caller without a token is rejected', async () => {
    const nobody = createQuotaClient(TARGET);
    const { code } = await failureOf(nobody.admit({ subject: randomUUID(), policy: 'connection' }));
    nobody.close();

    expect(code).toBe(status.UNAUTHENTICATED);
  });

  test('a recorded call appears in the statistics', async () => {
    const before = await callCount(client, 'vente');
    await client.recordCall({ subject: randomUUID(), service: 'vente' });

    expect(await callCount(client, 'vente')).toBe(before + 1);
  });
});
