import { expect, test } from '@jest/globals';
import { createMetrics } from '../../../../web/telemetry/metrics';
import { parsePrometheusText } from '../../../helpers/prometheus_text';

const USE = { size: 10, used: 3, waiting: 1 };

function observed(backlog = async () => ({ waiting: 4, oldestAgeMs: 1_500 })) {
  const metrics = createMetrics();
  metrics.observe({ backlog, poolUse: () => USE });
  const samples = async (name: string) => {
    const family = parsePrometheusText(await metrics.text()).get(name);
    return Object.fromEntries(family?.samples ?? []);
  };
  return { metrics, samples };
}

test('metrics: a request is counted by method, route and status, and a method of its own making as other', async () => {
  const { metrics, samples } = observed();
  metrics.requestAnswered({ method: 'GET', route: '/students/:id', code: 200, durationS: 0.2 });
  metrics.requestAnswered({ method: 'BREW', route: 'other', code: 404, durationS: 0.2 });
  expect(await samples('web_requests_total')).toEqual({
    'web_requests_total{method="GET",route="/students/:id",code="200"}': 1,
    'web_requests_total{method="other",route="other",code="404"}': 1,
  });
});

test('metrics: an answer of 500 or above is a failure, and none is one at the start', async () => {
  const { metrics, samples } = observed();
  expect(await samples('web_request_failures_total')).toEqual({ web_request_failures_total: 0 });
  for (const code of [499, 500, 503])
    metrics.requestAnswered({ method: 'GET', route: '/', code, durationS: undefined });
  expect(await samples('web_request_failures_total')).toEqual({ web_request_failures_total: 2 });
});

test('metrics: a stream is counted without a duration', async () => {
  const { metrics, samples } = observed();
  metrics.requestAnswered({ method: 'GET', route: '/statistics/live', code: 200, durationS: undefined });
  expect(await samples('web_request_duration_seconds')).toEqual({});
});

test('metrics: calls to the daemon that an alert looks for are there from the start', async () => {
  const { metrics, samples } = observed();
  metrics.daemonRequestAnswered({ method: 'Admit', code: 'PERMISSION_DENIED' });
  expect(await samples('web_quota_requests_total')).toMatchObject({
    'web_quota_requests_total{method="Admit",code="UNAUTHENTICATED"}': 0,
    'web_quota_requests_total{method="Admit",code="PERMISSION_DENIED"}': 1,
    'web_quota_requests_total{method="GetQuota",code="UNAUTHENTICATED"}': 0,
  });
});

test('metrics: the outbox and the pool are as they are when asked', async () => {
  const { samples } = observed();
  expect(await samples('web_outbox_backlog')).toEqual({ web_outbox_backlog: 4 });
  expect(await samples('web_outbox_oldest_seconds')).toEqual({ web_outbox_oldest_seconds: 1.5 });
  expect(await samples('web_mysql_up')).toEqual({ web_mysql_up: 1 });
  expect(await samples('web_mysql_connections')).toEqual({
    'web_mysql_connections{state="size"}': 10,
    'web_mysql_connections{state="used"}': 3,
    'web_mysql_connections{state="waiting"}': 1,
  });
});

test('metrics: MySQL stops answering, it is down and the outbox keeps its last figure', async () => {
  const answers = [
    async () => ({ waiting: 4, oldestAgeMs: 1_500 }),
    () => Promise.reject(new Error('frozen')),
  ];
  const { samples } = observed(() => answers.shift()?.() ?? Promise.reject(new Error('frozen')));
  expect(await samples('web_mysql_up')).toEqual({ web_mysql_up: 1 });
  expect(await samples('web_mysql_up')).toEqual({ web_mysql_up: 0 });
});
