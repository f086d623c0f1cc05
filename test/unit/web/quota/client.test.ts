import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createSiteClient } from '../../../../web/quota/client';
import { closers, serve } from '../../client/fake_daemon';
import { siteOf } from './site_of';

describe('the site’s client', () => {
  test('recordCall: recorded before is as good', async () => {
    const client = await siteOf({
      recordCall: (_call, callback) => callback(null, { recorded: false }),
    });
    const call = { subject: '42', service: 'vente', requestId: randomUUID(), callTime: new Date() };
    await expect(client.recordCall(call)).resolves.toBeUndefined();
  });
});

describe('the site’s client: readiness', () => {
  const quotas = [{ policy: 'connection', limits: [], raises: {} }];

  test('isReady: is true if the daemon answers about logins', async () => {
    const asked: string[] = [];
    const client = await siteOf({
      getQuota: ({ request }, callback) => {
        asked.push(request.policy);
        callback(null, { quotas, usage: undefined });
      },
    });
    expect(await client.isReady()).toBe(true);
    expect(asked).toEqual(['connection']);
  });

  test.each(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'UNAVAILABLE'] as const)(
    'isReady: is false if the daemon answers %s, which is counted and logged',
    async (name) => {
      const { port } = await serve({
        getQuota: (_call, callback) => callback({ code: status[name], details: 'unknown token' }),
      });
      const [lines, answered]: [string[], unknown[]] = [[], []];
      const client = createSiteClient({
        target: `127.0.0.1:${port}`,
        onAnswered: (call) => answered.push(call),
        logger: pino({}, { write: (line: string) => lines.push(line) }),
      });
      closers.push(client.close);
      expect(await client.isReady()).toBe(false);
      expect(answered).toEqual([{ method: 'GetQuota', code: name }]);
      expect(lines).toEqual([
        expect.stringMatching(`"grpcCode":${status[name]},"grpcStatus":"${name}","details":"unknown token"`),
      ]);
    },
  );

  test('isReady: asked again before the answer, it makes one call for both', async () => {
    const pending: (() => void)[] = [];
    const client = await siteOf({
      getQuota: (_call, callback) => pending.push(() => callback(null, { quotas, usage: undefined })),
    });
    const answers = [client.isReady(), client.isReady()];
    while (pending.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const answer of pending) answer();
    expect(await Promise.all(answers)).toEqual([true, true]);
    expect(pending).toHaveLength(1);
  });
});
