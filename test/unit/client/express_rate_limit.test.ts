import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import express from 'express';
import { type Options, rateLimit, type Store } from 'express-rate-limit';
import { quotaStore, StoreUnfit } from '../../../client/express_rate_limit';
import type { Admission, AdmitOptions, Limit } from '../../../client/quota_client';

const WINDOW_MS = 600_000;

const LIMIT: Limit = {
  name: 'per-window',
  limit: 10,
  remaining: 7,
  windowMs: WINDOW_MS,
  resetDelayMs: 411_000,
  nextDelayMs: 42_000,
  overridden: false,
};

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A store whose client answers so, and what the client was asked. */
function storeOf(answer: Partial<Admission> = {}, limits: Limit[] = [LIMIT]) {
  const asked: unknown[] = [];
  const store = quotaStore({
    policy: 'api',
    client: {
      async admit(request: AdmitOptions) {
        asked.push(['admit', request]);
        const decided = { policy: 'api', cost: 1, requestId: 'r-1', limits, decidedBy: 'daemon' } as const;
        return { ...decided, degraded: false, isRepeat: false, admitted: true, ...answer } as Admission;
      },
      async refund(taken) {
        asked.push(['refund', taken]);
        return true;
      },
      async quotas(request) {
        asked.push(['quotas', request]);
        return [{ policy: 'api', limits, raises: {} }];
      },
      async reset(request) {
        asked.push(['reset', request]);
        return 1;
      },
    },
  });
  return { store, asked };
}

const FITTING: Partial<Options> = { limit: 10, windowMs: WINDOW_MS };

/** The store as the middleware uses it. */
function initialised(store: Store, options: Partial<Options> = {}): Store {
  store.init?.({ ...FITTING, ...options } as Options);
  return store;
}

/** Seconds from now; they pass while the test runs. */
function secondsUntil(date: Date | undefined): number {
  return Math.round(((date?.getTime() ?? Number.NaN) - Date.now()) / 1_000);
}

describe('a store for express-rate-limit', () => {
  test('increment: an admission shows what was taken, and when all is free again', async () => {
    const { store, asked } = storeOf();
    const { totalHits, resetTime } = await initialised(store).increment('42');

    expect([totalHits, secondsUntil(resetTime)]).toEqual([3, 411]);
    expect(asked).toEqual([['admit', { subject: '42', policy: 'api' }]]);
  });

  test('increment: a denial is above the limit, and shows when it would be admitted', async () => {
    const { store } = storeOf({ admitted: false, retryDelayMs: 65_000 } as Partial<Admission>);
    const { totalHits, resetTime } = await initialised(store).increment('42');

    expect([totalHits, secondsUntil(resetTime)]).toEqual([11, 65]);
  });

  test('increment: a denial with something left is above the limit as well', async () => {
    const admission = { admitted: false, retryDelayMs: undefined } as Partial<Admission>;
    const { store } = storeOf(admission, [{ ...LIMIT, remaining: 10 }]);

    expect(await initialised(store).increment('42')).toEqual({ totalHits: 11, resetTime: undefined });
  });

  test.each([
    ['a larger limit for this subject', { limit: 50, remaining: 40 }, 1],
    ['a smaller one', { limit: 3, remaining: 2 }, 8],
  ])(
    'increment: %s is admitted, and what is left is shown as far as it goes',
    async (_case, size, totalHits) => {
      const { store } = storeOf({}, [{ ...LIMIT, ...size, overridden: true }]);

      expect(await initialised(store).increment('42')).toMatchObject({ totalHits });
    },
  );

  test.each([
    ['another limit', { limit: 5 }, /^limit: 5, and 10 in the policy "api"/],
    ['another window', { windowMs: 60_000 }, /^windowMs: 60000, and 600000 in the policy "api"/],
  ])('increment: %s than the policy’s is an error', async (_case, options, message) => {
    const { store, asked } = storeOf();

    await expect(initialised(store, options).increment('42')).rejects.toThrow(message);
    expect(asked).toContainEqual(['refund', { subject: '42', policy: 'api', requestId: 'r-1' }]);
  });

  test.each([
    ['skipFailedRequests', { skipFailedRequests: true }, /refundIf/],
    ['skipSuccessfulRequests', { skipSuccessfulRequests: true }, /refundIf/],
    ['a limit that is a function', { limit: () => 10 }, /^limit: a function/],
  ])('init: %s is an error, and nothing is taken afterwards', async (_case, options, message) => {
    const { store, asked } = storeOf();

    expect(() => initialised(store, options)).toThrow(message);
    await expect(store.increment('42')).rejects.toThrow(message);
    expect(asked).toEqual([]);
  });

  test('increment: a policy with two limits is an error', async () => {
    const { store } = storeOf({}, [LIMIT, { ...LIMIT, name: 'burst' }]);

    await expect(initialised(store).increment('42')).rejects.toThrow('has 2 limits');
  });

  test.each([
    ['without limits', { limits: [] }],
    ['by the client', { decidedBy: 'client' }],
    ['by a daemon without its store', { degraded: true }],
  ] as const)('increment: an admission %s is an error, as the count is not known', async (_case, answer) => {
    const { store } = storeOf(answer as Partial<Admission>);

    await expect(initialised(store).increment('42')).rejects.toThrow('passOnStoreError');
  });

  test('increment: what a daemon admitted without its store is given back; a denial gives nothing back', async () => {
    const admitting = storeOf({ degraded: true });
    const denying = storeOf({ degraded: true, admitted: false, retryDelayMs: 1_000 } as Partial<Admission>);
    for (const { store } of [admitting, denying])
      await expect(initialised(store).increment('42')).rejects.toThrow(StoreUnfit);

    expect(admitting.asked).toContainEqual(['refund', { subject: '42', policy: 'api', requestId: 'r-1' }]);
    expect(denying.asked).toEqual([['admit', { subject: '42', policy: 'api' }]]);
  });

  test('decrement: is an error, as it cannot know what that request took', async () => {
    await expect(initialised(storeOf().store).decrement('42')).rejects.toThrow('refundIf');
  });

  test('get: what is taken, and when all is free again; nothing is taken', async () => {
    const { store, asked } = storeOf();
    const info = await initialised(store).get?.('42');

    expect([info?.totalHits, secondsUntil(info?.resetTime)]).toEqual([3, 411]);
    expect(asked).toEqual([['quotas', { subject: '42', policy: 'api' }]]);
  });

  test('resetKey: gives back the quota of that subject and policy', async () => {
    const { store, asked } = storeOf();
    await initialised(store).resetKey('42');

    expect(asked).toEqual([['reset', { subject: '42', policy: 'api' }]]);
  });

  test('resetAll and shutdown: are not there, as a store of one policy has neither', () => {
    const { store } = storeOf();

    expect([store.resetAll, store.shutdown]).toEqual([undefined, undefined]);
  });
});

describe('express-rate-limit with the store', () => {
  /** What the middleware answers, and what it logs. */
  async function answerOf(stores: Store[], options: Partial<Options> = {}) {
    const logged: unknown[] = [];
    const log = (error: unknown) => logged.push(error);
    const app = express();
    for (const store of stores) {
      const logger = { error: log, warn: log };
      app.use(rateLimit({ ...FITTING, standardHeaders: 'draft-8', logger, ...options, store }));
    }
    app.get('/', (_req, res) => {
      res.send('here you are');
    });
    const handle: express.ErrorRequestHandler = (_error, _req, res, _next) => {
      res.status(500).end();
    };
    app.use(handle);
    const server = createServer(app);
    closers.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const response = await fetch(url, { headers: { Connection: 'close' } });
    return { response, logged };
  }

  test('an admission is answered, with what is left', async () => {
    const { response, logged } = await answerOf([storeOf().store]);

    expect([response.status, response.headers.get('RateLimit')]).toEqual([200, '"10-in-10min"; r=7; t=411']);
    expect(logged).toEqual([]);
  });

  test('a denial, 429, and Retry-After is the daemon’s delay', async () => {
    const { store } = storeOf({ admitted: false, retryDelayMs: 65_000 } as Partial<Admission>);
    const { response } = await answerOf([store]);

    expect([response.status, response.headers.get('Retry-After')]).toEqual([429, '65']);
  });

  test('a limit that is not the policy’s, an error and no pass', async () => {
    const { response } = await answerOf([storeOf().store], { limit: 5 });

    expect(response.status).toBe(500);
  });

  test('an option that gives back, logged at once and no pass', async () => {
    const { response, logged } = await answerOf([storeOf().store], { skipFailedRequests: true });

    expect(response.status).toBe(500);
    expect(String(logged[0])).toContain('refundIf');
  });

  test('two policies on one key cause no complaint of a double count', async () => {
    const second = quotaStore({
      policy: 'uploads',
      client: {
        admit: async () => ({
          policy: 'uploads',
          cost: 1,
          requestId: 'r-2',
          limits: [LIMIT],
          decidedBy: 'daemon',
          degraded: false,
          isRepeat: false,
          admitted: true,
        }),
        refund: async () => true,
        quotas: async () => [],
        reset: async () => 0,
      },
    });
    const { response, logged } = await answerOf([storeOf().store, second]);

    expect([response.status, logged]).toEqual([200, []]);
  });
});
