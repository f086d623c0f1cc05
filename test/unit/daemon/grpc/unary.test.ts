import { EventEmitter } from 'node:events';
import { Metadata, type ServerUnaryCall, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Unreadable } from '../../../../daemon/grpc/decoding/answerable';
import { createRequestLog } from '../../../../daemon/grpc/request_log';
import { createInFlight, unary } from '../../../../daemon/grpc/unary';
import { DeadlinePassed, StoreUnavailable, UnknownPolicy } from '../../../../daemon/quota/errors';
import { readDetails } from './details';

type Handle = (request: string) => Promise<string>;

interface Answer {
  readonly error: Partial<ServiceError> | null;
  readonly response: string | null | undefined;
  /** What was logged meanwhile. */
  readonly log: {
    level: number;
    reason?: string;
    err?: { stack?: string };
    cause?: string;
    method: string;
  }[];
  readonly inFlightAfter: number;
}

function callOf(request: unknown, metadata = new Metadata()): ServerUnaryCall<string, string> {
  const call = {
    request,
    metadata,
    cancelled: false,
    getPath: () => '/quota.v1.QuotaService/Admit',
    getDeadline: () => Number.POSITIVE_INFINITY,
  };
  return Object.assign(new EventEmitter(), call) as unknown as ServerUnaryCall<string, string>;
}

/** Asks a handler as gRPC would. */
async function ask(handle: Handle, request: unknown = 'request'): Promise<Answer> {
  const log: Answer['log'] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => log.push(JSON.parse(line)) });
  const inFlight = createInFlight();
  const [error, response] = await new Promise<[Answer['error'], Answer['response']]>((resolve) => {
    unary(handle, { inFlight, log: createRequestLog({ logger, hashOf: String }) })(
      callOf(request),
      (failure, value) => resolve([failure, value]),
    );
  });
  return { error, response, log, inFlightAfter: inFlight.count };
}

function detailsOf({ error }: Answer): Record<string, unknown> {
  const [bytes] = error?.metadata?.get('grpc-status-details-bin') ?? [];
  return Buffer.isBuffer(bytes) ? readDetails(bytes) : {};
}

describe('unary', () => {
  test('a handler that answers has its answer sent and nothing in the log', async () => {
    const answer = await ask(async (request) => `re: ${request}`);

    expect(answer).toEqual({ error: null, response: 're: request', log: [], inFlightAfter: 0 });
  });

  const FAILING: [string, Handle][] = [
    [
      'throws at once',
      () => {
        throw new TypeError('inner secret');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('inner secret'))],
    [
      'throws a text',
      () => {
        throw 'inner secret';
      },
    ],
    ['rejects with nothing', () => Promise.reject(undefined)],
  ];

  test.each(FAILING)('a handler that %s is answered INTERNAL without its words', async (_, handle) => {
    const answer = await ask(handle);

    expect(answer.error).toMatchObject({ code: status.INTERNAL, details: 'internal error' });
    expect(detailsOf(answer)).toMatchObject({ ErrorInfo: { reason: 'INTERNAL' } });
    expect(JSON.stringify([answer.error, detailsOf(answer)])).not.toContain('secret');
  });

  test.each(FAILING)(
    'a handler that %s is logged as our fault and no longer in flight',
    async (_, handle) => {
      const { log, inFlightAfter } = await ask(handle);

      expect(log).toMatchObject([{ level: 50, method: '/quota.v1.QuotaService/Admit' }]);
      expect(inFlightAfter).toBe(0);
    },
  );

  test('a fault of ours is logged with its stack', async () => {
    const { log } = await ask(() => Promise.reject(new TypeError('inner')));

    expect(log[0]?.err?.stack).toContain('unary.test');
  });

  test('a request that could not be read is INVALID_ARGUMENT and the handler not asked', async () => {
    let isAsked = false;
    const answer = await ask(
      async () => {
        isAsked = true;
        return '';
      },
      new Unreadable([{ field: 'limit', description: 'must be smaller' }]),
    );

    expect(isAsked).toBe(false);
    expect(answer.error).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'limit must be smaller',
    });
    expect(detailsOf(answer)).toMatchObject({ BadRequest: { fieldViolations: [{ field: 'limit' }] } });
  });

  test("a caller's fault is one line of information without a stack", async () => {
    const { log } = await ask(() => Promise.reject(new UnknownPolicy('connexion')));

    expect(log).toMatchObject([{ level: 30, reason: 'no policy is named "connexion"' }]);
    expect(log[0]).not.toHaveProperty('err');
  });

  test('an unreachable store is a warning with the cause, which the caller does not get', async () => {
    const failure = new StoreUnavailable({ cause: new Error('Command timed out') });
    const { error, log } = await ask(() => Promise.reject(failure));

    expect(error?.code).toBe(status.UNAVAILABLE);
    expect(error?.details).not.toContain('timed out');
    expect(log).toMatchObject([{ level: 40, cause: 'Error: Command timed out' }]);
  });

  test('a request that had less time than its caller gave is rejected as overload, and counted', async () => {
    const metadata = new Metadata();
    metadata.set('quota-decide-by', '0');
    const counted: string[] = [];
    const log = createRequestLog({ logger: pino({ level: 'silent' }), hashOf: String });
    const context = { inFlight: createInFlight(), log, onOverloaded: (path: string) => counted.push(path) };
    const late = async () => {
      throw new DeadlinePassed();
    };

    const error = await new Promise<Partial<ServiceError> | null>((resolve) => {
      unary(late, context)(callOf('request', metadata), (failure) => resolve(failure));
    });

    expect(error?.code).toBe(status.UNAVAILABLE);
    expect(counted).toEqual(['/quota.v1.QuotaService/Admit']);
  });
});
