import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve as serveHono } from '@hono/node-server';
import { afterEach } from '@jest/globals';
import express from 'express';
import { Hono } from 'hono';
import { quota } from '../../../client/express';
import { withQuota } from '../../../client/fetch';
import type { GuardOptions } from '../../../client/http/guard';
import type { Admission, AdmitOptions, Limit } from '../../../client/quota_client';

/** As the daemon shows it. */
export const LIMIT: Limit = {
  name: 'per-window',
  limit: 10,
  remaining: 7,
  windowMs: 600_000,
  resetDelayMs: 411_001,
  nextDelayMs: 42_001,
  overridden: false,
};

/** What a client answers, or throws. */
export type Answer = Partial<Admission> | Error;

/** A client that gives one answer for each policy, and what it was asked. */
export function clientThat(answers: Record<string, Answer>, refundFailure?: Error) {
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

/** With when to come back. */
export const DENIED: Answer = { admitted: false, limits: [{ ...LIMIT, remaining: 0 }], retryDelayMs: 65_001 };

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

type Guarding = GuardOptions & { cost?: number; refundIf?: (status: number) => boolean };

/**
 * Serves a handler behind these policies, each with the user of the field X-User as its subject; `refundIf` gets the status of the
 * response, 500 if there is none.
 */
type Serve = (policies: Guarding[]) => Promise<string>;

const serveWithExpress: Serve = async (policies) => {
  const app = express();
  for (const { refundIf: isRefunded, ...each } of policies) {
    const refundIf =
      isRefunded && ((_req: express.Request, res: express.Response) => isRefunded(res.statusCode));
    const subject = (req: express.Request) => req.get('X-User') ?? '';
    app.use(quota({ ...each, subject, ...(refundIf && { refundIf }) }));
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
  return listening(createServer(app));
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
  const guarded = policies.reduceRight((handler, { refundIf: isRefunded, ...each }) => {
    const refundIf =
      isRefunded && ((_request: Request, response?: Response) => isRefunded(response?.status ?? 500));
    const subject = (request: Request) => request.headers.get('X-User') ?? '';
    return withQuota({ ...each, subject, ...(refundIf && { refundIf }) }, handler);
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

/** Where it listens, until the test has ended. */
export function listening(server: Server): Promise<string> {
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    });
  });
}

/** Asks as user 42. */
export function get(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers: { 'X-User': '42', Connection: 'close', ...headers } });
}

/** Each framework that a test guards by policies. */
export const FRAMEWORKS: [string, Serve][] = [
  ['Express', serveWithExpress],
  ['Fetch, with Hono on Node', serveWithHono],
];
