import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import express from 'express';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { quota } from '../../../client/express';
import { until } from '../../helpers/wait';
import { clientThat, DENIED, FRAMEWORKS, get, listening } from './guarded';

const isFailure = (status: number) => status >= 400;

afterEach(() => {
  jest.restoreAllMocks();
});

describe.each(FRAMEWORKS)('%s, refundIf', (_framework, serve) => {
  test.each(['/missing', '/failing'])('a request to %s is given back', async (path) => {
    const { refunded, client } = clientThat({});
    const url = await serve([{ client, policy: 'api', refundIf: isFailure }]);
    const response = await get(new URL(path, url).href);
    await response.text();
    await until('the refund', () => refunded.length > 0);

    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(refunded).toEqual([{ subject: '42', policy: 'api', requestId: 'r-1' }]);
  });

  test('a request that succeeds, and one that is denied, are not given back', async () => {
    const { refunded, client } = clientThat({ uploads: DENIED });
    const guards = ['api', 'uploads'].map((policy) => ({ client, policy, refundIf: isFailure }));
    for (const guard of guards) await (await get(await serve([guard]))).text();
    // A refund would come with the end of the answer.
    await pause(100);

    expect(refunded).toEqual([]);
  });

  test('an admission that the client made without a count is not given back', async () => {
    const { refunded, client } = clientThat({ api: { decidedBy: 'client', limits: [] } });
    const url = await serve([{ client, policy: 'api', refundIf: isFailure }]);
    await (await get(new URL('/missing', url).href)).text();
    await pause(100);

    expect(refunded).toEqual([]);
  });

  test('a refund that fails changes no answer', async () => {
    const failure = new QuotaUnavailable({ requestId: 'r-1', reason: 'm' });
    const { refunded, client } = clientThat({}, failure);
    const url = await serve([{ client, policy: 'api', refundIf: isFailure }]);
    const first = await get(new URL('/missing', url).href);
    await first.text();
    await until('the refund', () => refunded.length > 0);

    expect([first.status, (await get(url)).status]).toEqual([404, 200]);
  });

  test('a fault of its own changes no answer, is a warning, and gives nothing back', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockReturnValue();
    const { refunded, client } = clientThat({});
    const refundIf = () => {
      throw new Error('a slip');
    };
    const response = await get(await serve([{ client, policy: 'api', refundIf }]));

    expect([response.status, await response.text()]).toEqual([200, 'here you are']);
    await until('the warning', () => warn.mock.calls.length > 0);
    expect(warn.mock.calls.map(([warning]) => String(warning))).toEqual(['Error: a slip']);
    expect(refunded).toEqual([]);
  });
});

describe('Express, an answer that is sent before the decision', () => {
  /** Serves behind a timeout that is over at once. */
  async function serveLate(answer: Parameters<typeof clientThat>[0]) {
    const { refunded, client } = clientThat(answer);
    const errors: unknown[] = [];
    const reached: string[] = [];
    const app = express();
    app.use((_req, res, next) => {
      res.status(503).send('too late');
      next();
    });
    app.use(quota({ client, policy: 'api', subject: () => '42', refundIf: () => true }));
    app.use((_req, _res) => {
      reached.push('handler');
    });
    const handle: express.ErrorRequestHandler = (error, _req, _res, _next) => {
      errors.push(error);
    };
    app.use(handle);
    const response = await get(await listening(createServer(app)));
    return { refunded, errors, reached, answer: [response.status, await response.text()] };
  }

  test('stays as it is; the handler runs, and what was taken is given back if refundIf says so', async () => {
    const { refunded, errors, reached, answer } = await serveLate({});
    await until('the refund', () => refunded.length > 0);

    expect([answer, reached, errors]).toEqual([[503, 'too late'], ['handler'], []]);
    expect(refunded).toEqual([{ subject: '42', policy: 'api', requestId: 'r-1' }]);
  });

  test('stays as it is if the request is denied', async () => {
    const { refunded, errors, reached, answer } = await serveLate({ api: DENIED });

    expect([answer, reached, errors, refunded]).toEqual([[503, 'too late'], [], [], []]);
  });
});
