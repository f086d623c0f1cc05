import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { within } from '../helpers/wait';
import { ADMITTED_UNCOUNTED, serve, unavailable } from '../unit/client/fake_daemon';

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const EXAMPLE = join(ROOT, 'docs/examples/node/admit.js');

let space: RedisSpace;
let daemon: TestDaemon;
beforeAll(async () => {
  space = openRedisSpace();
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
});
afterAll(async () => {
  await daemon.stop();
  await space.close();
});

/** The services of the contract, read from its files when the program runs. */
function servicesOf(file: string): Record<string, ServiceClientConstructor> {
  const options = { includeDirs: [join(ROOT, 'proto')], longs: Number, enums: String };
  const { quota } = loadPackageDefinition(loadSync(file, options)) as { quota: GrpcObject };
  return quota.v1 as Record<string, ServiceClientConstructor>;
}

/** A unary call, by the names of the contract alone. */
async function call(file: string, service: string, method: string, request: object): Promise<unknown> {
  const Service = servicesOf(file)[service];
  if (Service === undefined) throw new Error(`${file} has no ${service}`);
  const client = new Service(daemon.target, credentials.createInsecure());
  const answer = new Promise((resolve, reject) => {
    client[method]?.(request, (error: Error | null, response: unknown) =>
      error ? reject(error) : resolve(response),
    );
  });
  return within(method, answer).finally(() => client.close());
}

/** The detail of an error that says when to come back. */
function retryAfter(ms: number): Buffer {
  const retryDelay = { seconds: 0, nanos: ms * 1e6 };
  const value = RetryInfo.encode(RetryInfo.fromPartial({ retryDelay })).finish();
  const detail = { typeUrl: 'type.googleapis.com/google.rpc.RetryInfo', value };
  return Buffer.from(Status.encode(Status.fromPartial({ details: [detail] })).finish());
}

const QUOTA = 'quota/v1/quota_service.proto';
const ADMIN = 'quota/v1/quota_admin_service.proto';

describe('a client that loads the contract at run time', () => {
  test('an admission and its quota go by the names of the contract', async () => {
    const subject = randomUUID();
    const admitted = await call(QUOTA, 'QuotaService', 'admit', { subject, policy: 'connection', cost: 3 });
    const quota = await call(ADMIN, 'QuotaAdminService', 'getQuota', { subject, policy: 'connection' });

    expect(admitted).toMatchObject({ decision: 'DECISION_ADMITTED', limits: [{ limit: 10, remaining: 7 }] });
    expect(quota).toMatchObject({ quotas: [{ policy: 'connection', limits: [{ remaining: 7 }] }] });
  });

  test('a request that is wrong is INVALID_ARGUMENT', async () => {
    await expect(call(QUOTA, 'QuotaService', 'admit', { subject: '' })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});

describe('the example for Node', () => {
  const example = (...args: string[]) => exampleTo(daemon.target, ...args);
  const exampleTo = (target: string, ...args: string[]) =>
    run(process.execPath, [EXAMPLE, target, ...args]).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );

  test('ten admissions are admitted, and one more is denied', async () => {
    const subject = randomUUID();
    for (let left = 9; left >= 0; left -= 1)
      expect(await example('connection', subject)).toMatchObject({
        code: 0,
        stdout: `DECISION_ADMITTED: ${left} of 10 left\n`,
      });

    expect(await example('connection', subject)).toMatchObject({
      code: 1,
      stdout: 'DECISION_DENIED: 0 of 10 left\n',
    });
  });

  test('a policy that does not exist, why there is no decision', async () => {
    expect(await example('nosuch')).toMatchObject({
      code: 2,
      stderr: 'no decision: no policy is named "nosuch"\n',
    });
  });

  test('asks again with the same id, after growing pauses and no earlier than the daemon says', async () => {
    const asked: { atMs: number; requestId: string }[] = [];
    const failures = [unavailable(), unavailable(), unavailable(retryAfter(400))];
    const { port } = await serve({
      admit({ request: { requestId } }, callback) {
        const failure = failures[asked.length];
        asked.push({ atMs: performance.now(), requestId });
        if (failure === undefined) callback(null, ADMITTED_UNCOUNTED);
        else callback(failure);
      },
    });

    expect(await exampleTo(`127.0.0.1:${port}`, 'connection')).toEqual({
      code: 0,
      stdout: 'DECISION_ADMITTED: not counted\n',
      stderr: '',
    });
    expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(1);
    const pausesMs = asked.slice(1).map(({ atMs }, at) => atMs - (asked[at]?.atMs ?? 0));
    // A timer may fire a millisecond early.
    for (const [at, leastMs] of [50, 100, 400 + 200].entries())
      expect(pausesMs[at]).toBeGreaterThanOrEqual(leastMs - 1);
  });
});
