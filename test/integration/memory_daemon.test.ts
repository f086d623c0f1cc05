import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { watchHealth } from '../helpers/health';

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon({ redisUrl: 'memory:' });
});
afterAll(() => daemon.stop());

describe('a daemon without Redis', () => {
  test('decides, records and counts', async () => {
    const subject = randomUUID();
    const ask = () => daemon.client.admit({ subject, policy: 'connection' });
    const decisions = [];
    for (let call = 0; call < 11; call += 1) decisions.push((await ask()).decision);
    await daemon.client.recordCall({ subject, service: 'vente' });

    expect(decisions).toEqual([...Array(10).fill(Decision.ADMITTED), Decision.DENIED]);
    expect((await daemon.client.stats({ subject })).subjectUsage).toEqual({
      subject,
      connectionCount: 10,
      callCount: 1,
    });
  });

  test('an admission, not degraded: nothing is missing', async () => {
    expect(await daemon.client.admit({ subject: randomUUID(), policy: 'connection' })).toMatchObject({
      degraded: false,
    });
  });

  test('its health is SERVING, and it is ready', async () => {
    const health = watchHealth(daemon.target);
    await health.reached('SERVING');
    health.close();

    expect((await fetch(`${daemon.httpUrl}/readyz`)).status).toBe(200);
  });

  test('its log says what that means', () => {
    expect(daemon.log.map(({ msg }) => msg)).toContain(
      'REDIS_URL is memory: this process counts by itself, no other daemon sees what it counts, and nothing survives its end',
    );
  });
});
