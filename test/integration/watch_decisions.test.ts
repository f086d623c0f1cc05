import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import type { WatchDecisionsResponse } from '../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../gen/quota/v1/quota_service';
import type { AdminClient } from '../helpers/admin_client';
import { operatedDaemons } from '../helpers/operated_daemons';
import { until } from '../helpers/wait';

const at = operatedDaemons();

const connect = (subject: string, cost = 1) =>
  at.daemon.client.admit({ subject, policy: 'connection', cost });

describe('WatchDecisions', () => {
  /** Watches until closed; resolves once the daemon has begun to send. */
  async function watch(filter: Parameters<AdminClient['watchDecisions']>[0]) {
    const told: WatchDecisionsResponse[] = [];
    const stream = at.admin.watchDecisions(filter);
    stream.on('data', (event: WatchDecisionsResponse) => told.push(event));
    stream.on('error', () => undefined);
    await once(stream, 'metadata');
    return { told, stream };
  }

  test('decisions of one subject are sent as they are made', async () => {
    const subject = randomUUID();
    const { told, stream } = await watch({ subject });
    await connect(randomUUID());
    await connect(subject, 3);
    await connect(subject);
    await until('both are told', () => told.length === 2);
    stream.cancel();

    expect(told).toMatchObject([
      { subject, policy: 'connection', cost: 3, decision: Decision.ADMITTED, missedCount: 0 },
      { subject, policy: 'connection', cost: 1, decision: Decision.DENIED, missedCount: 0 },
    ]);
  });

  test('a watcher that reads nothing slows no admission and learns what it missed', async () => {
    const subject = randomUUID();
    const { told, stream } = await watch({ subject });
    stream.pause();
    const batch = Array.from({ length: 1000 }, () => ({ subject, policy: 'mixed' }));
    // What the sockets between them hold is far less than this.
    for (let i = 0; i < 12; i += 1) await at.daemon.client.batchAdmit(batch);
    stream.resume();
    await until('it is told something', () => told.length > 0);
    await until('it has caught up', async () => {
      await at.daemon.client.admit({ subject, policy: 'mixed' });
      return told.some(({ missedCount }) => missedCount > 0);
    });
    stream.cancel();

    expect(Math.max(...told.map(({ missedCount }) => missedCount))).toBeGreaterThan(0);
  });

  test('a policy that does not exist is NOT_FOUND at once', async () => {
    const stream = at.admin.watchDecisions({ policy: 'conection' });
    stream.resume();
    const [error] = await once(stream, 'error');

    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      details: 'no policy is named "conection"',
    });
  });

  test('an invalid filter is rejected', async () => {
    const stream = at.admin.watchDecisions({ decision: Decision.UNRECOGNIZED, policy: 'x'.repeat(64) });
    stream.resume();
    const [error] = await once(stream, 'error');

    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});
