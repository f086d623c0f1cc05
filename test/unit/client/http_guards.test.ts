import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { serve as serveHono } from '@hono/node-server';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { Hono } from 'hono';
import { parseList } from 'structured-headers';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { quota } from '../../../client/express';
import { withQuota } from '../../../client/fetch';
import type { GuardOptions } from '../../../client/http/guard';
import type { Admission, AdmitOptions, Limit } from '../../../client/quota_client';
import { until } from '../../helpers/wait';

const PROBLEMS = 'https://iana.org/assignments/http-problem-types#';

const LIMIT: Limit = {
  name: 'per-window',
  limit: 10,
  remaining: 7,
  windowMs: 600_000,
  resetDelayMs: 411_001,
  nextDelayMs: 42_001,
  overridden: false,
};

type Answer = Partial<Admission> | Error;

/** A client that gives one answer for each policy, and what it was asked. */
function clientThat(answers: Record<string, Answer>, refundFailure?: Error) {
  const asked: AdmitOptions[] = [];
  const refunded: unknown[] = [];
  const client: GuardOptions['client'] = {
    async refund(taken) {
      refunded.push(taken);
      if (refundFailure !== undefined) throw refundFailure;
      return true;
    },
    async admit(request) {
      asked.push(request);
      const answer = answers[request.policy] ?? {};
      if (answer instanceof Error) throw answer;
      return admissionOf(request, answer);
    },
  };
  return { asked, refunded, client };
}

function admissionOf({ policy, cost = 1 }: AdmitOptions, answer: Partial<Admission>): Admission {
  const decided = { policy, cost, requestId: 'r-1', limits: [LIMIT], decidedBy: 'daemon' } as const;
  return { ...decided, degraded: false, isRepeat: false, admitted: true, ...answer } as Admission;
}

const DENIED: Answer = { admitted: false, limits: [{ ...LIMIT, remaining: 0 }], retryDelayMs: 65_001 };

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

type Guarding = GuardOptions & { cost?: number; refundsFailures?: boolean };

/** Serves a handler behind these policies, each with the user of the field X-User as its subject. */
type Serve = (policies: Guarding[]) => Promise<string>;

const serveWithExpress: Serve = async (policies) => {
  const app = express();
  for (const { refundsFailures, ...each } of policies) {
    const refundIf = (_req: express.Request, res: express.Response) => res.statusCode >= 400;
    const subject = (req: express.Request) => req.get('X-User') ?? '';
    app.use(quota({ ...each, subject, ...(refundsFailures && { refundIf }) }));
  }
  app.get('/failing', () => {
    throw new Error('inner-message');
  });
  app.get('/', (_req, res) => {
    res.send('here you are');
  });
  const handle: express.ErrorRequestHandler = (_error, _req, res, _next) => {
    res.status(500).send('our fault');
  };
  app.use(handle);
  const server = createServer(app);
  servers.push(server);
  return listening(server);
};

const serveWithHono: Serve = (policies) => {
  const app = new Hono();
  app.onError((error) => {
    throw error;
  });
  app.get('/failing', () => {
    throw new Error('inner-message');
  });
  app.get('/', (context) => context.text('here you are'));
  const plain = async (request: Request) => app.fetch(request);
  const guarded = policies.reduceRight((handler, { refundsFailures, ...each }) => {
    const refundIf = (_request: Request, response: Response | undefined) => !response?.ok;
    const subject = (request: Request) => request.headers.get('X-User') ?? '';
    return withQuota({ ...each, subject, ...(refundsFailures && { refundIf }) }, handler);
  }, plain);
  const outer = new Hono();
  outer.onError((_error, context) => context.text('our fault', 500));
  outer.all('*', (context) => guarded(context.req.raw));
  return new Promise((resolve) => {
    const server = serveHono({ fetch: outer.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}/`),
    );
    servers.push(server);
  });
};

function listening(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    });
  });
}

function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers: { 'X-User': '42', Connection: 'close', ...headers } });
}

function namesIn(response: Response, field: string): unknown[] {
  return parseList(response.headers.get(field) ?? '').map(([name]) => name);
}

describe.each([
  ['Express', serveWithExpress],
  ['Fetch, with Hono on Node', serveWithHono],
])('%s', (_framework, serve) => {
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

  test.each(['/missing', '/failing'])('refundIf: a request to %s is given back', async (path) => {
    const { refunded, client } = clientThat({});
    const url = await serve([{ client, policy: 'api', refundsFailures: true }]);
    const response = await get(new URL(path, url).href);
    await response.text();
    await until('the refund', () => refunded.length > 0);

    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(refunded).toEqual([{ subject: '42', policy: 'api', requestId: 'r-1' }]);
  });

  test('refundIf: a request that succeeds, and one that is denied is not given back', async () => {
    const { refunded, client } = clientThat({ uploads: DENIED });
    const guards = ['api', 'uploads'].map((policy) => ({ client, policy, refundsFailures: true }));
    for (const guard of guards) await (await get(await serve([guard]))).text();
    // A refund would come with the end of the answer.
    await pause(100);

    expect(refunded).toEqual([]);
  });

  test('refundIf: an admission of the client without a count, nothing to give back', async () => {
    const { refunded, client } = clientThat({ api: { decidedBy: 'client', limits: [] } });
    const url = await serve([{ client, policy: 'api', refundsFailures: true }]);
    await (await get(new URL('/missing', url).href)).text();
    await pause(100);

    expect(refunded).toEqual([]);
  });

  test('refundIf: a refund that fails changes no answer', async () => {
    const failure = new QuotaUnavailable({ requestId: 'r-1', reason: 'm' });
    const { refunded, client } = clientThat({}, failure);
    const url = await serve([{ client, policy: 'api', refundsFailures: true }]);
    const first = await get(new URL('/missing', url).href);
    await first.text();
    await until('the refund', () => refunded.length > 0);

    expect([first.status, (await get(url)).status]).toEqual([404, 200]);
  });

  test('a partition secret makes a pk in both fields, and shows no subject', async () => {
    const { client } = clientThat({});
    const response = await get(await serve([{ client, policy: 'api', partitionSecret: 's3cret' }]));
    const fields = ['RateLimit', 'RateLimit-Policy'].map((field) => response.headers.get(field) ?? '');
    const keys = fields.map((field) => parseList(field)[0]?.[1].get('pk'));

    expect(keys.map((key) => (key as ArrayBuffer).byteLength)).toEqual([12, 12]);
  });
});
