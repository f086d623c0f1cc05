import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import {
  QuotaAdminServiceService,
  type WatchDecisionsResponse,
} from '../../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../../gen/quota/v1/quota_service';
import { createAdminClient } from '../helpers/admin_client';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

const SUBJECT = { subject: '42' };
const LIMIT = { ...SUBJECT, policy: 'connection', limitName: 'per-window' };

/** What only the store can answer, and a request of each. */
const NEED_STORE = [
  [QuotaServiceService.recordCall, { ...SUBJECT, service: 'vente', requestId: randomUUID() }],
  [QuotaServiceService.stats, SUBJECT],
  [QuotaAdminServiceService.getQuota, { ...SUBJECT, policy: 'connection' }],
  [QuotaAdminServiceService.resetQuota, { ...SUBJECT, policy: 'connection' }],
  [QuotaAdminServiceService.setOverride, { ...LIMIT, limit: 5 }],
  [QuotaAdminServiceService.clearOverride, LIMIT],
  [QuotaAdminServiceService.listOverrides, { subject: '', pageSize: 0, pageToken: '' }],
  [QuotaAdminServiceService.eraseSubject, SUBJECT],
  [QuotaAdminServiceService.getErasure, { erasureId: `0.${randomUUID()}` }],
  [QuotaAdminServiceService.listAudit, { pageSize: 0, pageToken: '' }],
] as const;

/** On a Cluster each has its own circuit. */
const PARTITIONS = 3;

const SERVING = '0801';
const NOT_SERVING = '0802';

const asIs = (bytes: Buffer) => bytes;

/** A daemon whose store is gone, which it knows. */
async function withoutStore() {
  const redis = await opened.store();
  const env = { QUOTA_PARTITIONS: String(PARTITIONS) };
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: failingPolicies('local'), env });
  const client = opened.closed(new Client(daemon.target, credentials.createInsecure()), (raw) => raw.close());
  await redis.kill();
  await until('all circuits to open', async () => {
    const metrics = await (await fetch(`${daemon.httpUrl}/metrics`)).text();
    const unasked = parsePrometheusText(metrics).get('quota_unasked_partitions')?.samples;
    return ['admissions', 'calls'].every(
      (database) => unasked?.get(`quota_unasked_partitions{database="${database}"}`) === PARTITIONS,
    );
  });

  /** The bytes of the answer, or the error. */
  function call(path: string, request: Buffer): Promise<{ answer?: Buffer; error: ServiceError | null }> {
    return new Promise((resolve) => {
      const deadline = Date.now() + 30_000;
      client.makeUnaryRequest(path, asIs, asIs, request, { deadline }, (error, answer) =>
        resolve(answer === undefined ? { error } : { answer, error }),
      );
    });
  }

  return { daemon, call };
}

test('without a store, what only it can answer is UNAVAILABLE, and nothing else', async () => {
  const { call } = await withoutStore();
  const codes: Record<string, number | undefined> = {};
  for (const [{ path, requestSerialize }, request] of NEED_STORE)
    codes[path] = (await call(path, requestSerialize(request as never))).error?.code;
  const { path, requestSerialize } = QuotaAdminServiceService.listPolicies;

  expect(codes).toEqual(Object.fromEntries(NEED_STORE.map(([method]) => [method.path, status.UNAVAILABLE])));
  expect((await call(path, requestSerialize({}))).error).toBeNull();
});

test('without a store, decisions are degraded for those who watch them too', async () => {
  const { daemon } = await withoutStore();
  const admin = opened.closed(createAdminClient(daemon.target), (each) => each.close());
  const stream = opened.closed(admin.watchDecisions(), (each) => each.cancel());
  stream.on('error', () => undefined);
  const watched = once(stream, 'data') as Promise<[WatchDecisionsResponse]>;
  await once(stream, 'metadata');
  await daemon.client.admit({ subject: '42', policy: 'connection' });
  const [seen] = await watched;

  expect(seen).toMatchObject({ subject: '42', policy: 'connection', degraded: true });
});

test('without a store, the daemon is SERVING by a local policy, and neither database is', async () => {
  const { call } = await withoutStore();
  const statusOf = async (name: string) => {
    const request = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
    return (await call('/grpc.health.v1.Health/Check', request)).answer?.toString('hex');
  };

  expect(await Promise.all(['', 'quota.v1.QuotaService', 'store', 'calls'].map(statusOf))).toEqual([
    ...[SERVING, SERVING],
    ...[NOT_SERVING, NOT_SERVING],
  ]);
});
