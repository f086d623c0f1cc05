import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';

const run = promisify(execFile);
const MODULES = join(__dirname, '../../node_modules');
const BUF = join(MODULES, '.bin/buf');
const REFLECTION_SCHEMA = join(MODULES, '@grpc/reflection/build/proto/grpc/reflection/v1/reflection.proto');

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

/** `buf curl`, in a folder without the contract: all it knows comes from reflection. */
async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run(BUF, ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...args], {
    cwd: '/',
  });
  return stdout;
}

const call = async (method: string, message: object): Promise<unknown> =>
  JSON.parse(await curl('-d', JSON.stringify(message), `http://${daemon.target}/${method}`));

describe('a foreign client without the contract', () => {
  test('reflection lists every method of the services and of their health', async () => {
    const methods = (await curl('--list-methods', `http://${daemon.target}`)).trim().split('\n');

    expect(methods).toEqual([
      'envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit',
      'grpc.health.v1.Health/Check',
      'grpc.health.v1.Health/List',
      'grpc.health.v1.Health/Watch',
      'quota.v1.QuotaAdminService/ClearOverride',
      'quota.v1.QuotaAdminService/EraseSubject',
      'quota.v1.QuotaAdminService/GetErasure',
      'quota.v1.QuotaAdminService/GetQuota',
      'quota.v1.QuotaAdminService/ListAudit',
      'quota.v1.QuotaAdminService/ListBlocked',
      'quota.v1.QuotaAdminService/ListDaemons',
      'quota.v1.QuotaAdminService/ListOverrides',
      'quota.v1.QuotaAdminService/ListPolicies',
      'quota.v1.QuotaAdminService/RaiseLimit',
      'quota.v1.QuotaAdminService/ResetQuota',
      'quota.v1.QuotaAdminService/SetOverride',
      'quota.v1.QuotaAdminService/WatchDecisions',
      'quota.v1.QuotaService/Admit',
      'quota.v1.QuotaService/BatchAdmit',
      'quota.v1.QuotaService/RecordCall',
      'quota.v1.QuotaService/Refund',
      'quota.v1.QuotaService/Stats',
    ]);
  });

  test('an admission by the names of the contract is decided', async () => {
    const request = { subject: randomUUID(), policy: 'connection', request_id: randomUUID() };

    expect(await call('quota.v1.QuotaService/Admit', request)).toMatchObject({
      decision: 'DECISION_ADMITTED',
      limits: [{ name: 'per-window', limit: '10', remaining: '9', window: '600s' }],
    });
  });

  test('a recorded call and the statistics are returned', async () => {
    const subject = randomUUID();
    await call('quota.v1.QuotaService/RecordCall', { subject, service: 'vente' });

    const stats = await call('quota.v1.QuotaService/Stats', { least_count: 100 });

    expect(stats).toMatchObject({ leastActiveUsers: expect.arrayContaining([{ subject, count: '1' }]) });
  });

  test('the health is SERVING', async () => {
    expect(await call('grpc.health.v1.Health/Check', { service: 'quota.v1.QuotaService' })).toEqual({
      status: 'SERVING',
    });
  });

  test('the descriptors have the comments of the contract and none of its linter', async () => {
    const descriptors = await filesWith('quota.v1.QuotaAdminService');

    expect(descriptors).toContain('Takes `cost` from every limit of the policy, or from none.');
    expect(descriptors).toContain('request_id');
    expect(descriptors).not.toContain('buf:lint');
  });

  test('the descriptors have the package that Go clients are generated into', async () => {
    expect(await filesWith('quota.v1.QuotaService')).toContain('quota-daemon/gen/quota/v1;quotav1');
  });

  test.each(['BadRequest', 'ErrorInfo', 'RetryInfo', 'Status'])(
    'the type %s of the details of errors is described',
    async (type) => {
      expect(await filesWith(`google.rpc.${type}`)).toContain(type);
    },
  );
});

/** The files that describe a symbol, with all that they import. */
async function filesWith(symbol: string): Promise<string> {
  const answer = await curl(
    '--schema',
    REFLECTION_SCHEMA,
    '-d',
    JSON.stringify({ file_containing_symbol: symbol }),
    `http://${daemon.target}/grpc.reflection.v1.ServerReflection/ServerReflectionInfo`,
  );
  const { fileDescriptorResponse } = JSON.parse(answer) as {
    fileDescriptorResponse: { fileDescriptorProto: string[] };
  };
  return fileDescriptorResponse.fileDescriptorProto.map((file) => Buffer.from(file, 'base64')).join();
}
