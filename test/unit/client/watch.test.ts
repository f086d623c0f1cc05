import { describe, expect, test } from '@jest/globals';
import type { WatchFilter } from '../../../client/quota_client';
import {
  type QuotaAdminServiceServer,
  type WatchDecisionsRequest,
  WatchDecisionsResponse,
} from '../../../gen/quota/v1/quota_admin_service';
import { Decision } from '../../../gen/quota/v1/quota_service';
import { until } from '../../helpers/wait';
import { clientOf, clientTo, failureOf, serve } from './fake_daemon';

/** A decision that is not known yet. */
const LATER = 99 as Decision;

type Call = Parameters<QuotaAdminServiceServer['watchDecisions']>[0];

/** A daemon that sends these decisions to each watcher. */
function daemonThatSends(...decisions: Decision[]) {
  const calls: Call[] = [];
  const watchDecisions = (call: Call) => {
    calls.push(call);
    for (const decision of decisions) call.write(WatchDecisionsResponse.create({ subject: '42', decision }));
  };
  return { calls, methods: { watchDecisions } };
}

describe('watch', () => {
  test('two daemons are asked once, as each shows the decisions of all; when that one stops, it fails, and the next goes on', async () => {
    const daemons = [daemonThatSends(Decision.ADMITTED), daemonThatSends(Decision.ADMITTED)];
    const served = await Promise.all(daemons.map(({ methods }) => serve(methods)));
    const client = clientTo(served.map(({ port }) => `127.0.0.1:${port}`));
    const calls = () => daemons.flatMap((daemon) => daemon.calls);

    const first = client.watch();
    expect(await first.next()).toMatchObject({ value: { decision: 'admitted' } });
    const end = failureOf(first.next());
    expect(calls()).toHaveLength(1);
    served[daemons.findIndex((daemon) => daemon.calls.length > 0)]?.server.forceShutdown();
    expect(await end).toMatchObject({ isTemporary: true });

    const second = client.watch();
    expect(await second.next()).toMatchObject({ value: { decision: 'admitted' } });
    expect(daemons.map((daemon) => daemon.calls.length)).toEqual([1, 1]);
    await second.return();
  });

  test('a stream that the daemon ends is a failure', async () => {
    const client = await clientOf({ watchDecisions: (call: Call) => call.end() });
    await failureOf(client.watch().next());
  });

  test('each decision is named, a refund too; one of a later daemon is a failure', async () => {
    const { methods } = daemonThatSends(Decision.ADMITTED, Decision.DENIED, Decision.REFUNDED, LATER);
    const watching = (await clientOf(methods)).watch();
    const seen = [];
    for (let count = 0; count < 3; count += 1) seen.push((await watching.next()).value);

    expect(seen).toMatchObject([{ decision: 'admitted' }, { decision: 'denied' }, { decision: 'refunded' }]);
    expect(await failureOf(watching.next())).toMatchObject({ grpcStatus: 'INTERNAL' });
  });

  test('a filter is sent; a decision that there is not is rejected, and does not mean all', async () => {
    const asked: WatchDecisionsRequest[] = [];
    const client = await clientOf({
      watchDecisions(call: Call) {
        asked.push(call.request);
        call.end();
      },
    });
    await failureOf(client.watch({ policy: 'connection', decision: 'refunded' }).next());
    const wrong = { decision: 'Refunded' } as unknown as WatchFilter;

    expect(asked).toEqual([{ subject: '', policy: 'connection', decision: Decision.REFUNDED }]);
    await expect(client.watch(wrong).next()).rejects.toThrow(TypeError);
  });

  test('leaving the loop cancels the stream', async () => {
    const { calls, methods } = daemonThatSends(Decision.ADMITTED);
    const client = await clientOf(methods);
    for await (const decision of client.watch()) {
      expect(decision.subject).toBe('42');
      break;
    }

    await until('the stream is cancelled', () => calls[0]?.cancelled === true);
  });

  test('close ends the loop and the stream, and a later loop at once', async () => {
    const { calls, methods } = daemonThatSends(Decision.ADMITTED);
    const client = await clientOf(methods);
    const watching = client.watch();
    await watching.next();
    const next = watching.next();
    client.close();

    expect(await next).toEqual({ done: true, value: undefined });
    await until('the stream is cancelled', () => calls[0]?.cancelled === true);
    expect(await client.watch().next()).toEqual({ done: true, value: undefined });
  });
});
