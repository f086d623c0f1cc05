import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type CollectedSpan, type Collector, startCollector } from '../helpers/collector';
import { PASSWORD, PEOPLE, startSite, type TestSite } from '../helpers/site';
import { createVisitor } from '../helpers/visitor';
import { until } from '../helpers/wait';

const { email } = PEOPLE.ada;

describe('a login on a site that is traced', () => {
  let collector: Collector;
  let login: CollectedSpan[];
  let secrets: string[];

  beforeAll(async () => {
    collector = await startCollector();
    const site = await startSite({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100' },
    });
    try {
      const visitor = createVisitor(site.url);
      const { response } = await visitor.logIn(email, PASSWORD);
      expect(response.headers.get('location')).toBe('/services');
      await fetch(`${site.url}/readyz`);
      await visitor.get('/nowhere/ada@example.org?email=ada@example.org');
      secrets = [email, PASSWORD, 'subject', visitor.cookies.get('sid') ?? '', 'argon2', 'evalsha,'];
      await until('the spans of a login', () => isWhole(collector.spans));
    } finally {
      await site.close();
    }
    const traceId = collector.spans.find(({ name }) => name === 'POST /login')?.traceId;
    login = collector.spans.filter((span) => span.traceId === traceId);
  });

  afterAll(() => collector.close());

  test('one trace has spans of the web tier, the daemon, Redis and MySQL', () => {
    const admits = login.filter(({ name }) => name === 'grpc.quota.v1.QuotaService/Admit');

    expect(new Set(login.map(({ service }) => service))).toEqual(new Set(['web', 'quota-daemon']));
    expect(admits.map(({ service }) => service).sort()).toEqual([
      // Of the address, the account and the connection.
      ...Array(3).fill('quota-daemon'),
      ...Array(3).fill('web'),
    ]);
    expect(login.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['FCALL', 'SELECT users', 'INSERT sessions']),
    );
  });

  test('every span but the first is below another one of the same trace', () => {
    const ids = new Set(login.map(({ spanId }) => spanId));
    const roots = login.filter(({ parentSpanId }) => !parentSpanId || !ids.has(parentSpanId));

    expect(roots.map(({ name }) => name)).toEqual(['POST /login']);
  });

  test("Redis's span is below the daemon's", () => {
    const parents = login
      .filter(({ name }) => name === 'FCALL')
      .map(({ parentSpanId }) => login.find(({ spanId }) => spanId === parentSpanId));

    expect(parents.length).toBeGreaterThanOrEqual(2);
    expect(new Set(parents.map((parent) => `${parent?.service} ${parent?.name}`))).toEqual(
      // The token of the attempt is returned.
      new Set([
        'quota-daemon grpc.quota.v1.QuotaService/Admit',
        'quota-daemon grpc.quota.v1.QuotaService/Refund',
      ]),
    );
  });

  test('what was typed, who typed it, and what is stored are in no span', () => {
    const all = collector.bodies.join('\n');
    expect(collector.bodies.length).toBeGreaterThan(0);
    for (const secret of secrets) expect(all).not.toContain(secret);
  });

  test('probes and files have no span', () => {
    const names = collector.spans.map(({ name }) => name);
    expect(names.filter((name) => /readyz|Health|PING|site\.css/.test(name))).toEqual([]);
  });
});

describe('a site that is not traced', () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await startSite({
      env: { NODE_OPTIONS: `--require=${require.resolve('../helpers/loaded.cjs')}` },
    });
  });

  test('no module of the SDK is loaded', async () => {
    await createVisitor(site.url).logIn(email, PASSWORD);
    await site.close();

    const loaded = () =>
      [site.daemon.log, site.web.log].map((log) => log.find(({ msg }) => msg === 'loaded'));
    await until('their last words', () => loaded().every((line) => line !== undefined));
    expect(loaded()).toEqual([expect.objectContaining({ sdk: [] }), expect.objectContaining({ sdk: [] })]);
  });
});

function isWhole(spans: readonly CollectedSpan[]): boolean {
  const names = spans.map(({ service, name }) => `${service} ${name}`);
  const count = (method: string) =>
    names.filter((name) => name === `quota-daemon grpc.quota.v1.QuotaService/${method}`).length;
  return names.includes('web POST /login') && count('Admit') >= 3 && count('Refund') >= 1;
}
