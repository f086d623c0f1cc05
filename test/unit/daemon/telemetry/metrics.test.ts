import { describe, expect, test } from '@jest/globals';
import { ReplyError } from 'ioredis';
import type { Admission, Decision, LimitStatus } from '../../../../daemon/quota/admission';
import { InvalidRequest, StoreUnavailable } from '../../../../daemon/quota/errors';
import type { QuotaStore } from '../../../../daemon/quota/store';
import { storeFailureKind } from '../../../../daemon/redis/failures';
import { instrumentStore } from '../../../../daemon/telemetry/instrument';
import { createMetrics } from '../../../../daemon/telemetry/metrics';
import { parsePrometheusText } from '../../../helpers/prometheus_text';

const LIMIT: LimitStatus = {
  name: 'per-window',
  limit: 10,
  remaining: 3,
  windowUs: 6e8,
  resetDelayUs: 1e6,
  nextDelayUs: 1e6,
  shadow: false,
  shadowDenied: false,
  overridden: false,
};

const DECISION: Decision = {
  admitted: true,
  isRepeat: false,
  limits: [LIMIT],
  retryDelayUs: undefined,
  decidedUs: 0,
};

const metricsOf = (policies: string[] = ['connection']) =>
  createMetrics({
    policyNames: () => policies,
    policiesDigest: () => 'digest',
    droppedLogLines: () => 0,
    methodNames: ['quota.v1.QuotaService/Admit'],
    certificateEnds: () => [],
    storeFindings: { admissions: () => undefined },
    connectionCount: () => 2,
    redisReady: { admissions: () => true, calls: () => false },
    readyParts: async () => ({ grpc: true, redis_calls: false }),
  });

function admissionTo(policy: string): Admission {
  return { subject: 'a-subject', policy, cost: 1, requestId: undefined };
}

/** What the text says of one metric, the zeroes left out. */
async function counted(metrics: { text(): Promise<string> }, name: string): Promise<Record<string, number>> {
  const family = parsePrometheusText(await metrics.text()).get(name);
  if (family === undefined) throw new Error(`there is no ${name}`);
  return Object.fromEntries([...family.samples].filter(([, value]) => value !== 0));
}

describe('createMetrics', () => {
  test('nothing done yet, every policy and verdict stands at 0, degraded ones too', async () => {
    const families = parsePrometheusText(await metricsOf(['connection', 'vente']).text());

    expect([...(families.get('quota_decisions_total')?.samples ?? [])]).toEqual(
      ['connection', 'vente'].flatMap((policy) =>
        ['admitted', 'denied', 'shadow_denied', 'repeated'].map((verdict) => [
          `quota_decisions_total{policy="${policy}",verdict="${verdict}"}`,
          0,
        ]),
      ),
    );
    expect([...(families.get('quota_degraded_decisions_total')?.samples.values() ?? [])]).toEqual([0, 0]);
  });

  test('gauges show the current values', async () => {
    const metrics = metricsOf();

    expect(await counted(metrics, 'quota_grpc_connections')).toEqual({ quota_grpc_connections: 2 });
    expect(await counted(metrics, 'quota_ready')).toEqual({ 'quota_ready{part="grpc"}': 1 });
    expect(await counted(metrics, 'quota_redis_connected')).toEqual({
      'quota_redis_connected{connection="admissions"}': 1,
    });
  });

  test('a call of 3 ms is in every bucket from 5 ms on', async () => {
    const metrics = metricsOf();
    metrics.answered({ method: 'quota.v1.QuotaService/Admit', code: 'OK', durationS: 0.003 });

    const buckets = Object.keys(await counted(metrics, 'quota_call_duration_seconds'));
    expect(buckets.find((series) => series.includes('_bucket'))).toContain('le="0.005"');
  });

  test('a stream is counted but not timed', async () => {
    const metrics = metricsOf();
    metrics.answered({
      method: 'quota.v1.QuotaAdminService/WatchDecisions',
      code: 'CANCELLED',
      durationS: undefined,
    });

    expect(Object.values(await counted(metrics, 'quota_calls_total'))).toEqual([1]);
    expect(await counted(metrics, 'quota_call_duration_seconds')).toEqual({});
  });

  test('a policies file that is rejected is no longer the current one until one is taken', async () => {
    const metrics = metricsOf();
    metrics.policiesReloaded(false);
    expect(await counted(metrics, 'quota_policies_up_to_date')).toEqual({});
    metrics.policiesReloaded(true);
    expect(await counted(metrics, 'quota_policies_up_to_date')).toEqual({ quota_policies_up_to_date: 1 });
    expect(await counted(metrics, 'quota_policies_reloads_total')).toEqual({
      'quota_policies_reloads_total{result="taken"}': 1,
      'quota_policies_reloads_total{result="refused"}': 1,
    });
  });
});

describe('decisions', () => {
  test.each([
    ['admitted', DECISION],
    ['denied', { ...DECISION, admitted: false }],
    ['shadow_denied', { ...DECISION, limits: [LIMIT, { ...LIMIT, shadow: true, shadowDenied: true }] }],
    ['repeated', { ...DECISION, isRepeat: true }],
  ])('one that is %s is counted as such, without its subject', async (verdict, decision) => {
    const metrics = metricsOf();

    metrics.decided(admissionTo('connection'), decision);

    expect(await counted(metrics, 'quota_decisions_total')).toEqual({
      [`quota_decisions_total{policy="connection",verdict="${verdict}"}`]: 1,
    });
  });
});

describe('instrumentStore', () => {
  test.each([
    [new StoreUnavailable({ cause: new Error('Command timed out') }), 'no_answer'],
    [new TypeError('a reply of another form'), 'fault'],
  ])('%s is counted as %s and thrown on', async (error, kind) => {
    const metrics = metricsOf();
    const store = instrumentStore(storeThatThrows(error), (failure) =>
      metrics.storeFailed(storeFailureKind(failure)),
    );

    await expect(store.recordCall({} as never)).rejects.toBe(error);
    expect(await counted(metrics, 'quota_store_errors_total')).toEqual({
      [`quota_store_errors_total{kind="${kind}"}`]: 1,
    });
  });

  test("a caller's fault that the store finds is no error of the store", async () => {
    const metrics = metricsOf();
    const store = instrumentStore(storeThatThrows(new InvalidRequest([])), (failure) =>
      metrics.storeFailed(storeFailureKind(failure)),
    );

    await expect(store.recordCall({} as never)).rejects.toThrow(InvalidRequest);
    expect(await counted(metrics, 'quota_store_errors_total')).toEqual({});
  });

  test('a reply that says "not now", its code is the kind', () => {
    const cause = new (ReplyError as new (message: string) => Error)(
      'OOM command not allowed when used memory > maxmemory',
    );
    expect(storeFailureKind(new StoreUnavailable({ cause }))).toBe('OOM');
  });
});

function storeThatThrows(error: Error): QuotaStore {
  const recordCall = () => Promise.reject(error);
  return { recordCall } as Partial<QuotaStore> as QuotaStore;
}

describe('calls that raise an alert', () => {
  test.each(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'INTERNAL', 'UNKNOWN'])(
    '%s is counted from 0',
    async (code) => {
      const families = parsePrometheusText(await metricsOf().text());

      const series = `quota_calls_total{method="quota.v1.QuotaService/Admit",code="${code}"}`;
      expect(families.get('quota_calls_total')?.samples.get(series)).toBe(0);
    },
  );
});

describe('calls that find no room', () => {
  test.each(['quota_shed_calls_total', 'quota_left_calls_total'])(
    '%s counts from 0 by method',
    async (name) => {
      const families = parsePrometheusText(await metricsOf().text());

      expect([...(families.get(name)?.samples ?? [])]).toEqual([
        [`${name}{method="quota.v1.QuotaService/Admit"}`, 0],
      ]);
    },
  );
});
