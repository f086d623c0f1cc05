import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createQuotaClient, failureOf, type QuotaClient } from '../helpers/quota_client';
import { addStudent, PASSWORD } from './accounts';
import { callCount, operatorClient, TARGET } from './client';
import { compose, inside, SERVICES } from './docker';
import { newVisitor } from './visitor';

let client: QuotaClient;
beforeAll(() => {
  client = operatorClient();
});
afterAll(() => client.close());

describe('the stack', () => {
  test('every service, healthy', async () => {
    const lines = (await compose('ps', '--format', '{{.Service}} {{.Health}}')).trim().split('\n');

    expect(lines.sort()).toEqual(SERVICES.map((service) => `${service} healthy`));
  });

  test('MySQL 9 and Redis 8, the real ones', async () => {
    const mysql = await inside('mysql', 'mysqld', '--version');
    const redis = await inside('redis', 'redis-server', '--version');

    expect(mysql.text).toMatch(/Ver 9\./);
    expect(mysql.text).not.toMatch(/MariaDB/i);
    expect(redis.text).toMatch(/v=8\./);
  });
});

describe('the web tier at its published port', () => {
  test('ten logins, each admitted, and the eleventh refused with the way back', async () => {
    const email = await addStudent();
    const answers = [];
    for (let i = 0; i < 11; i += 1) answers.push(await newVisitor().logIn({ email, password: PASSWORD }));

    const eleventh = answers.at(-1);

    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(303), 429]);
    expect(Number(eleventh?.headers.get('retry-after'))).toBeGreaterThan(500);
    expect(eleventh?.headers.getSetCookie().some((cookie) => cookie.startsWith('sid='))).toBe(false);
  });

  test('a login, told in the statistics of the home page', async () => {
    const email = await addStudent();
    const visitor = newVisitor();
    await visitor.logIn({ email, password: PASSWORD });

    const services = await visitor.get('/services');
    const home = await (await visitor.get('/')).text();

    expect(services.status).toBe(200);
    expect(home).toContain('Lovelace');
  });
});

describe('the daemon at its published port', () => {
  test('an admission, decided', async () => {
    const { decision, degraded } = await client.admit({ subject: randomUUID(), policy: 'connection' });

    expect([decision, degraded]).toEqual([Decision.ADMITTED, false]);
  });

  test('without a token, refused', async () => {
    const nobody = createQuotaClient(TARGET);
    const { code } = await failureOf(nobody.admit({ subject: randomUUID(), policy: 'connection' }));
    nobody.close();

    expect(code).toBe(status.UNAUTHENTICATED);
  });

  test('a recorded call, told in the statistics', async () => {
    const before = await callCount(client, 'vente');
    await client.recordCall({ subject: randomUUID(), service: 'vente' });

    expect(await callCount(client, 'vente')).toBe(before + 1);
  });
});
