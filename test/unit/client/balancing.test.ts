import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { AdmitResponse, Decision } from '../../../gen/quota/v1/quota_service';
import { clientTo, type Methods, serve, unavailable } from './fake_daemon';

const ADMITTED = AdmitResponse.create({ decision: Decision.ADMITTED });
/** Far longer than the detection takes on a busy machine. */
const BOUND_MS = 60_000;

const request = { subject: '42', policy: 'connection' };

/** A daemon that admits, and how often it was asked. */
async function admittingDaemon() {
  const asked = { count: 0 };
  const { server, port } = await serve({
    admit: (_call, callback) => {
      asked.count += 1;
      callback(null, ADMITTED);
    },
  });
  return { asked, server, target: `127.0.0.1:${port}` };
}

async function targetOf(methods: Methods): Promise<string> {
  return `127.0.0.1:${(await serve(methods)).port}`;
}

describe('several daemons', () => {
  test('requests go to all of them alike', async () => {
    const daemons = await Promise.all([admittingDaemon(), admittingDaemon(), admittingDaemon()]);
    const client = clientTo(daemons.map(({ target }) => target));
    // Until all are connected the first takes all.
    while (daemons.some(({ asked }) => asked.count === 0)) await client.admit(request);
    for (const { asked } of daemons) asked.count = 0;
    for (let count = 0; count < 30; count += 1) await client.admit(request);

    expect(daemons.map(({ asked }) => asked.count)).toEqual([10, 10, 10]);
  });

  test('requests of one that is not there go to the others', async () => {
    const daemon = await admittingDaemon();
    const client = clientTo(['127.0.0.1:1', daemon.target]);
    for (let count = 0; count < 10; count += 1) await client.admit(request);

    expect(daemon.asked.count).toBe(10);
  });

  test('one that stops between two requests, no request fails', async () => {
    const [stays, stops] = await Promise.all([admittingDaemon(), admittingDaemon()]);
    const client = clientTo([stays.target, stops.target]);
    while (stays.asked.count === 0 || stops.asked.count === 0) await client.admit(request);
    stops.server.forceShutdown();

    for (let count = 0; count < 20; count += 1)
      expect(await client.admit(request)).toMatchObject({ admitted: true });
  });

  test('names and addresses together are each resolved', async () => {
    const [named, addressed] = await Promise.all([admittingDaemon(), admittingDaemon()]);
    const client = clientTo([named.target.replace('127.0.0.1', 'localhost'), addressed.target]);
    const endMs = Date.now() + 10_000;
    while ((named.asked.count === 0 || addressed.asked.count === 0) && Date.now() < endMs)
      await client.admit(request);

    expect([named.asked.count > 0, addressed.asked.count > 0]).toEqual([true, true]);
  });

  test('a name that does not resolve, the others are asked', async () => {
    const daemon = await admittingDaemon();
    const client = clientTo(['nosuch.invalid:50051', daemon.target]);

    expect(await client.admit(request)).toMatchObject({ admitted: true });
  });

  test('one that hangs is left out after a while', async () => {
    const healthy = await admittingDaemon();
    let hungCount = 0;
    const hanging = await targetOf({
      admit: () => {
        hungCount += 1;
      },
    });
    const client = clientTo([healthy.target, hanging], {
      deadlineMs: 200,
      withoutDaemon: 'deny',
      joins: false,
    });
    const ask = async () => (await client.admit(request)).decidedBy;
    // Several at once, so that both are asked often enough within a second to be compared.
    const askMany = () => Promise.all(Array.from({ length: 20 }, ask));
    const endMs = Date.now() + 20_000;
    let decided: string[] = [];
    while (Date.now() < endMs && (hungCount === 0 || decided.includes('client'))) decided = await askMany();

    expect(hungCount).toBeGreaterThan(0);
    expect(decided).toEqual(Array(20).fill('daemon'));
  });

  test(
    'one that answers each request with UNAVAILABLE is left out after a while',
    async () => {
      const healthy = await admittingDaemon();
      let failedCount = 0;
      const failing = await targetOf({
        admit: (_call, callback) => {
          failedCount += 1;
          callback(unavailable());
        },
      });
      const client = clientTo([healthy.target, failing], { joins: false });
      // Several at once, so that both are asked often enough within a second to be compared.
      const askMany = () => Promise.allSettled(Array.from({ length: 20 }, () => client.admit(request)));
      const endMs = Date.now() + BOUND_MS;
      let hasFailed = true;
      let answers: PromiseSettledResult<unknown>[] = [];
      while (Date.now() < endMs && (failedCount === 0 || hasFailed)) {
        const before = failedCount;
        answers = await askMany();
        hasFailed = failedCount > before;
      }

      expect([failedCount > 0, hasFailed]).toEqual([true, false]);
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['fulfilled']));
    },
    BOUND_MS + 10_000,
  );

  test('requests of one that rejects each as overloaded go to the others', async () => {
    const healthy = await admittingDaemon();
    const overloaded = await targetOf({ admit: (_call, callback) => callback(unavailable()) });
    const client = clientTo([healthy.target, overloaded]);

    for (let count = 0; count < 8; count += 1)
      expect(await client.admit(request)).toMatchObject({ admitted: true });
  });
});

describe('targets', () => {
  test.each([[[]], [['127.0.0.1:1', 'daemon']], [['127.0.0.1:1', 'unix:/run/quota.sock']]])(
    '%j is rejected',
    (targets) => {
      expect(() => clientTo(targets)).toThrow(TypeError);
    },
  );
});

describe('a token', () => {
  test('it is sent with each request, as it is then', async () => {
    const seen: unknown[] = [];
    const target = await targetOf({
      admit: (call, callback) => {
        seen.push(call.metadata.get('authorization')[0]);
        callback(null, ADMITTED);
      },
    });
    let token = 'first';
    const client = clientTo(target, { token: () => token });
    await client.admit(request);
    token = 'second';
    await client.admit(request);

    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });
});

describe('what the client reports', () => {
  test('sends each request once, and each failure has the caller’s id', async () => {
    const answered: unknown[] = [];
    const failures: unknown[] = [];
    const seen: unknown[] = [];
    const target = await targetOf({
      admit: (call, callback) => {
        seen.push(call.metadata.get('x-request-id')[0]);
        callback({ code: status.NOT_FOUND, details: 'no such policy' });
      },
    });
    const client = clientTo(target, {
      callId: () => 'req-7',
      onAnswered: (one) => answered.push(one),
      onFailure: ({ callId, error }) => failures.push([callId, error.grpcStatus, error.isTemporary]),
    });
    await client.admit(request).catch(() => undefined);

    expect([seen, answered, failures]).toEqual([
      ['req-7'],
      [{ method: 'Admit', code: 'NOT_FOUND' }],
      [['req-7', 'NOT_FOUND', false]],
    ]);
  });
});
