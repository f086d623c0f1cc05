import { describe, expect, test } from '@jest/globals';
import { parseList } from 'structured-headers';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { type Answer, clientThat, DENIED, FRAMEWORKS, get } from './guarded';

const PROBLEMS = 'https://iana.org/assignments/http-problem-types#';

function namesIn(response: Response, field: string): unknown[] {
  return parseList(response.headers.get(field) ?? '').map(([name]) => name);
}

describe.each(FRAMEWORKS)('%s', (_framework, serve) => {
  test('a request that is admitted is answered by the handler, with the limits', async () => {
    const { asked, client } = clientThat({});
    const response = await get(await serve([{ client, policy: 'api', cost: 2 }]));

    expect([response.status, await response.text()]).toEqual([200, 'here you are']);
    expect(response.headers.get('RateLimit')).toBe('"api";r=7;t=43');
    expect(response.headers.get('RateLimit-Policy')).toBe('"api";q=10;w=600');
    expect(response.headers.get('Retry-After')).toBeNull();
    expect(asked).toEqual([{ policy: 'api', subject: '42', cost: 2 }]);
  });

  test('a denial gets a 429 as a problem that names the policy, and when to come back', async () => {
    const { client } = clientThat({ api: DENIED });
    const response = await get(await serve([{ client, policy: 'api' }]));

    expect(response.status).toBe(429);
    expect(response.headers.get('Content-Type')).toBe('application/problem+json');
    expect(response.headers.get('Retry-After')).toBe('66');
    expect(response.headers.get('RateLimit')).toBe('"api";r=0;t=43');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
    expect(await response.json()).toEqual({
      type: `${PROBLEMS}quota-exceeded`,
      title: 'Quota exceeded',
      status: 429,
      detail: 'Try again in 66 s.',
      'violated-policies': ['api'],
    });
  });

  test('a denial that waiting cannot change says so', async () => {
    const { client } = clientThat({ api: { ...DENIED, retryDelayMs: undefined } as Answer });
    const response = await get(await serve([{ client, policy: 'api' }]));

    expect(response.headers.get('Retry-After')).toBeNull();
    expect(await response.json()).toMatchObject({ detail: 'Waiting does not help.' });
  });

  test('a denial of a browser is a page', async () => {
    const { client } = clientThat({ api: DENIED });
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const response = await get(await serve([{ client, policy: 'api' }]), { Accept: accept });

    expect(response.status).toBe(429);
    expect(response.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('Vary')).toContain('Accept');
    expect(await response.text()).toContain('<h1>Quota exceeded</h1><p>Try again in 66 s.</p>');
  });

  test.each([
    ['text/html;q=0', 'application/problem+json'],
    ['application/json, text/html;q=0.1', 'application/problem+json'],
    ['text/html;q=0.2, */*', 'application/problem+json'],
    ['application/*, text/*;q=0.5', 'application/problem+json'],
    ['*/*', 'application/problem+json'],
    ['text/html or anything', 'application/problem+json'],
    ['TEXT/HTML ; Q=0.2, application/json;q=0.1', 'text/html; charset=utf-8'],
    ['text/*, */*;q=0.1', 'text/html; charset=utf-8'],
    [', text/html;q=.2, ,application/json;q=.1,', 'text/html; charset=utf-8'],
  ])('a denial of a client that accepts %s is %s', async (accept, type) => {
    const { client } = clientThat({ api: DENIED });
    const response = await get(await serve([{ client, policy: 'api' }]), { Accept: accept });

    expect(response.headers.get('Content-Type')).toBe(type);
  });

  test.each([
    ['no decision', new QuotaUnavailable({ requestId: 'r-1', reason: 'inner-message', retryAfterMs: 2_500 })],
    [
      'a denial by the client alone',
      { admitted: false, decidedBy: 'client', limits: [], retryDelayMs: 2_500 } as Answer,
    ],
  ])('%s is a 503 as a problem, and says when to come back', async (_case, answer) => {
    const { client } = clientThat({ api: answer });
    const response = await get(await serve([{ client, policy: 'api' }]));

    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '3']);
    expect(await response.json()).toEqual({
      type: `${PROBLEMS}temporary-reduced-capacity`,
      title: 'Temporarily unavailable',
      status: 503,
      detail: 'Try again in 3 s.',
      'violated-policies': [],
    });
  });

  test('a browser gets a page if there is no decision', async () => {
    const { client } = clientThat({ api: new QuotaUnavailable({ requestId: 'r-1', reason: 'm' }) });
    const response = await get(await serve([{ client, policy: 'api' }]), { Accept: 'text/html' });

    expect(response.status).toBe(503);
    expect(await response.text()).toContain('<h1>Temporarily unavailable</h1><p>Try again in 1 s.</p>');
  });

  test('a question that the daemon rejects is a fault of the application', async () => {
    const rejected = { requestId: 'r-1', reason: 'no policy', grpcStatus: 'NOT_FOUND' };
    const { client } = clientThat({ api: new QuotaUnavailable(rejected) });
    const response = await get(await serve([{ client, policy: 'api' }]));

    expect([response.status, await response.text()]).toEqual([500, 'our fault']);
  });

  test('two policies show the limits of both on the answer', async () => {
    const { client } = clientThat({});
    const policies = ['api', 'uploads'].map((policy) => ({ client, policy }));
    const response = await get(await serve(policies));

    expect(namesIn(response, 'RateLimit').sort()).toEqual(['api', 'uploads']);
    expect(namesIn(response, 'RateLimit-Policy').sort()).toEqual(['api', 'uploads']);
  });

  test('a partition secret makes a pk in both fields, and shows no subject', async () => {
    const { client } = clientThat({});
    const response = await get(await serve([{ client, policy: 'api', partitionSecret: 's3cret' }]));
    const fields = ['RateLimit', 'RateLimit-Policy'].map((field) => response.headers.get(field) ?? '');
    const keys = fields.map((field) => parseList(field)[0]?.[1].get('pk'));

    expect(keys.map((key) => (key as ArrayBuffer).byteLength)).toEqual([12, 12]);
  });
});
