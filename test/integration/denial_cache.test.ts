import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import type { TestDaemon } from '../helpers/daemon';
import { closedAfterEach } from '../helpers/opened';
import { admitInTheEnd } from '../helpers/quota_client';

const opened = closedAfterEach();

const request = { subject: '42', policy: 'connection' };

/** Two daemons on one store, and a subject that has taken all; the ids of its requests. */
async function start(env: Record<string, string> = {}) {
  const space = opened.space();
  const options = { redisUrl: space.url, prefix: space.prefix, env };
  const daemons = [await opened.daemon(options), await opened.daemon(options)] as const;
  const requestIds = Array.from({ length: 10 }, () => randomUUID());
  for (const requestId of requestIds) await admitInTheEnd(daemons[0].client, { ...request, requestId });
  return { daemons, requestIds };
}

async function cachedDenials({ httpUrl }: TestDaemon): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(/^quota_cached_denials_total\{policy="connection"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function askMany({ client }: TestDaemon, count = 200): Promise<Set<Decision>> {
  const decisions = new Set<Decision>();
  for (let i = 0; i < count; i += 1)
    decisions.add((await admitInTheEnd(client, { ...request, requestId: randomUUID() })).decision);
  return decisions;
}

describe('a hot subject that is denied', () => {
  test('a subject that goes on asking is denied, mostly without Redis', async () => {
    const { daemons } = await start();

    expect([...(await askMany(daemons[0]))]).toEqual([Decision.DENIED]);
    expect(await cachedDenials(daemons[0])).toBeGreaterThan(100);
  });

  test('asks Redis about each denial if it is switched off', async () => {
    const { daemons } = await start({ QUOTA_DENIAL_CACHE: 'off' });
    await askMany(daemons[0]);

    expect(await cachedDenials(daemons[0])).toBe(0);
  });

  test('repeats of its admitted requests are admitted by each daemon', async () => {
    const { daemons, requestIds } = await start();
    for (const daemon of daemons) {
      await askMany(daemon, 10);
      for (const requestId of requestIds) {
        const { decision } = await admitInTheEnd(daemon.client, { ...request, requestId });
        expect(decision).toBe(Decision.ADMITTED);
      }
    }
  });

  test('an override through one daemon is obeyed by the other as soon as the operator is answered', async () => {
    const { daemons } = await start();
    const admin = opened.closed(createAdminClient(daemons[0].target), (client) => client.close());
    const [, other] = daemons;
    await askMany(other, 20);
    let isSet = false;
    const asking = (async () => {
      while (!isSet) await admitInTheEnd(other.client, request);
    })();
    await admin.setOverride({ ...request, limitName: 'per-window', limit: 1000 });
    isSet = true;
    const { decision } = await admitInTheEnd(other.client, request);
    await asking;

    expect(decision).toBe(Decision.ADMITTED);
  });
});
