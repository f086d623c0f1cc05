import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { watchHealth } from '../helpers/health';
import { closedAfterEach } from '../helpers/opened';
import { SENTINEL_PASSWORD, startSentinels } from '../helpers/sentinel';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const LIMIT = 10;

const POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

async function start() {
  const sentinels = opened.closed(await startSentinels(), (each) => each.close());
  const env = { REDIS_SENTINEL_PASSWORD: SENTINEL_PASSWORD, QUOTA_DENIAL_CACHE: 'off' };
  const daemon = await opened.daemon({
    redisUrl: sentinels.url,
    // With one, the client asks again if the store did not answer.
    prefix: 'sentinel:',
    policies: POLICIES,
    env,
  });
  const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
  await health.reached('SERVING');

  /** How many of so many requests of one user are admitted. */
  async function admittedOf(count: number): Promise<number> {
    let admitted = 0;
    for (let at = 0; at < count; at += 1) {
      const { decision } = await daemon.client.admit({ subject: 'ada', policy: 'connection' });
      admitted += Number(decision === Decision.ADMITTED);
    }
    return admitted;
  }

  return { sentinels, daemon, health, admittedOf };
}

describe('a store behind Sentinels', () => {
  test('whose master is killed, the daemon goes on with its replica and forgets nothing that was replicated', async () => {
    const { sentinels, daemon, health, admittedOf } = await start();
    expect(await admittedOf(4)).toBe(4);
    await daemon.client.recordCall({ subject: 'ada', service: 'vente' });
    await sentinels.replicated();

    await sentinels.failOver();
    await until('the daemon notices', () => health.seen.includes('NOT_SERVING'));
    await health.reached('SERVING');

    expect(await admittedOf(LIMIT)).toBe(LIMIT - 4);
    const { subjectUsage } = await daemon.client.stats({ subject: 'ada' });
    expect(subjectUsage).toMatchObject({ connectionCount: LIMIT, callCount: 1 });
  }, 120_000);
});
