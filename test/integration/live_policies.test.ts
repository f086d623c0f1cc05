import { randomUUID } from 'node:crypto';
import { relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createFolder } from '../helpers/access';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const policiesOf = (limit: number) => `
policies:
  connection:
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${limit}, window: 10m }
`;

function startDaemon(policies: string): Promise<TestDaemon> {
  const space = opened.space();
  return opened.daemon({ redisUrl: space.url, prefix: space.prefix, policies });
}

const hasLogged = (daemon: TestDaemon, message: string) => daemon.log.some(({ msg }) => msg === message);

describe('the policies file', () => {
  test('a daemon that starts logs the whole path of the file that it follows', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const folder = opened.closed(createFolder(), (made) => made.remove());
    const file = folder.write('policies.yaml', policiesOf(20));
    const daemon = await opened.daemon({
      redisUrl,
      prefix,
      env: { QUOTA_POLICIES: relative(process.cwd(), file) },
    });

    expect(daemon.log.find(({ msg }) => msg === 'listening')).toMatchObject({ policiesFile: file });
  });
});

describe('a policies file that changes', () => {
  test('a limit raised and lowered while 50 clients ask makes no wrong decision', async () => {
    const daemon = await startDaemon(policiesOf(20));
    const subject = randomUUID();
    const answers: { limit: number; remaining: number; admitted: boolean }[] = [];
    let isOver = false;
    const clients = Array.from({ length: 50 }, async () => {
      while (!isOver) {
        const { decision, limits } = await admitInTheEnd(daemon.client, { subject, policy: 'connection' });
        const [{ limit, remaining } = { limit: -1, remaining: -1 }] = limits;
        answers.push({ limit, remaining, admitted: decision === Decision.ADMITTED });
      }
    });
    const seen = (size: number) => until(`a limit of ${size}`, () => answers.at(-1)?.limit === size);
    await seen(20);
    daemon.writePolicies(policiesOf(50));
    await seen(50);
    await until('all of 50 to be taken', () => answers.filter(({ admitted }) => admitted).length === 50);
    daemon.writePolicies(policiesOf(10));
    await seen(10);
    isOver = true;
    await Promise.all(clients);

    // Each token was taken once, under the limit that held: 50 in all, and none once 10 was the limit.
    const admitted = answers.filter((answer) => answer.admitted);
    expect(admitted.map(({ limit, remaining }) => limit - remaining).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 50 }, (_, i) => i + 1),
    );
    const denied = answers.filter((answer) => !answer.admitted);
    expect(new Set(denied.map(({ remaining }) => remaining))).toEqual(new Set([0]));
    expect(admitted.some(({ limit }) => limit === 10)).toBe(false);
  });

  test('a file broken on purpose is rejected with every fault, and the old policies stay', async () => {
    const daemon = await startDaemon(policiesOf(7));
    daemon.writePolicies('policies: { connection: { limits: [], records: nothing } }\nservices: {}\n');
    await until('it is refused', () => hasLogged(daemon, 'policies rejected, the old ones stay'));

    const { decision, limits } = await daemon.client.admit({ subject: '42', policy: 'connection' });

    expect([decision, limits[0]?.limit]).toEqual([Decision.ADMITTED, 7]);
    const refusal = daemon.log.find(({ msg }) => msg === 'policies rejected, the old ones stay');
    expect(refusal?.faults).toHaveLength(3);
    const [ready, metrics] = await Promise.all(
      ['readyz', 'metrics'].map((page) => fetch(`${daemon.httpUrl}/${page}`)),
    );
    expect(ready?.status).toBe(200);
    expect(await metrics?.text()).toContain('quota_policies_reloads_total{result="refused"} 1');
  });

  test('a broken file is accepted once fixed', async () => {
    const daemon = await startDaemon(policiesOf(7));
    daemon.writePolicies('policies: nonsense');
    await until('it is refused', () => hasLogged(daemon, 'policies rejected, the old ones stay'));
    daemon.writePolicies(policiesOf(8));
    await until('it is taken', () => hasLogged(daemon, 'policies reloaded'));

    const { limits } = await daemon.client.admit({ subject: '42', policy: 'connection' });

    expect(limits[0]?.limit).toBe(8);
  });
});
