import { describe, expect, test } from '@jest/globals';
import { parseList } from 'structured-headers';
import { toRateLimitResponse } from '../../../../../daemon/grpc/envoy/reply';
import type { LimitStatus } from '../../../../../daemon/quota/admission';
import type { Part, PartDecision } from '../../../../../daemon/quota/joint_admission';
import {
  RateLimitResponse_Code as Code,
  RateLimitResponse_RateLimit_Unit as Unit,
} from '../../../../../gen/envoy/service/ratelimit/v3/rls';

const S = 1_000_000;

const partOf = (policy: string, cost = 1): Part => ({
  subject: 'hugo',
  policy: { name: policy, limits: [], recordsConnections: false, onStoreFailure: 'deny', rememberMs: 1 },
  cost,
  requestId: undefined,
});

function limitOf(more: Partial<LimitStatus> = {}): LimitStatus {
  const flags = { shadow: false, shadowDenied: false, overridden: false };
  const delays = { resetDelayUs: 600 * S, nextDelayUs: 60 * S };
  return { name: 'per-window', limit: 10, remaining: 4, windowUs: 600 * S, ...delays, ...flags, ...more };
}

const decisionOf = (more: Partial<PartDecision> = {}): PartDecision => ({
  admitted: true,
  limits: [limitOf()],
  retryDelayUs: undefined,
  ...more,
});

/** The answer to parts with these decisions. */
function answerTo(...decided: (readonly [Part, PartDecision] | undefined)[]) {
  const parts = decided.filter((each) => each !== undefined).map(([, decision]) => decision);
  const admitted = parts.every((decision) => decision.admitted);
  return toRateLimitResponse(
    decided.map((each) => each?.[0]),
    { admitted, parts },
  );
}

function headersOf(response: ReturnType<typeof answerTo>): Record<string, string> {
  return Object.fromEntries(response.responseHeadersToAdd.map(({ key, value }) => [key, value]));
}

const items = (field = '') =>
  parseList(field).map(([name, parameters]) => [name, Object.fromEntries(parameters)]);

describe('the answer to Envoy', () => {
  test('has a status for each descriptor, in order, and no limit for one without a policy', () => {
    const { overallCode, statuses } = answerTo(undefined, [partOf('login'), decisionOf()], undefined, [
      partOf('address'),
      decisionOf({ limits: [limitOf({ remaining: 9 })] }),
    ]);

    expect(overallCode).toBe(Code.OK);
    expect(statuses.map(({ currentLimit, limitRemaining }) => [currentLimit?.name, limitRemaining])).toEqual([
      [undefined, 0],
      ['login', 4],
      [undefined, 0],
      ['address', 9],
    ]);
  });

  test('is over the limit if one descriptor is, and says OK of the others', () => {
    const { overallCode, statuses } = answerTo(
      [
        partOf('login'),
        decisionOf({ admitted: false, limits: [limitOf({ remaining: 0 })], retryDelayUs: S }),
      ],
      [partOf('address'), decisionOf()],
    );

    expect(overallCode).toBe(Code.OVER_LIMIT);
    expect(statuses.map(({ code }) => code)).toEqual([Code.OVER_LIMIT, Code.OK]);
  });

  test.each([
    [S, Unit.SECOND],
    [60 * S, Unit.MINUTE],
    [3600 * S, Unit.HOUR],
    [86_400 * S, Unit.DAY],
    [7 * 86_400 * S, Unit.WEEK],
    [600 * S, Unit.UNKNOWN],
    [30 * 86_400 * S, Unit.UNKNOWN],
    [500_000, Unit.UNKNOWN],
  ])('names the unit of a window of %d microseconds', (windowUs, unit) => {
    const { statuses } = answerTo([partOf('login'), decisionOf({ limits: [limitOf({ windowUs })] })]);

    expect(statuses[0]?.currentLimit?.unit).toBe(unit);
  });

  test.each([
    ['admitted, until all is free', {}, 600],
    ['denied, until it would pass', { admitted: false, retryDelayUs: 41.2 * S }, 42],
    ['denied for good, until all is free', { admitted: false }, 600],
  ])('resets: %s, in whole seconds rounded up', (_, more, seconds) => {
    const { statuses } = answerTo([partOf('login'), decisionOf(more)]);

    expect(statuses[0]?.durationUntilReset).toEqual({ seconds, nanos: 0 });
  });

  test('shows the tightest limit that may deny, under the name of the policy and its own', () => {
    const shadow = limitOf({ name: 'tried', remaining: 0, shadow: true });
    const limits = [limitOf({ name: 'short', remaining: 1 }), limitOf({ name: 'long' }), shadow];
    const response = answerTo([partOf('login'), decisionOf({ limits })]);

    expect(response.statuses[0]).toMatchObject({ currentLimit: { name: 'login/short' }, limitRemaining: 1 });
    expect(items(headersOf(response).RateLimit).map(([name]) => name)).toEqual(['login/short', 'login/long']);
  });

  test('shows no limit of a policy whose limits are all in shadow, or that admitted without its store', () => {
    for (const limits of [[limitOf({ shadow: true })], []]) {
      const { statuses, responseHeadersToAdd } = answerTo([partOf('login'), decisionOf({ limits })]);
      expect(statuses[0]).toMatchObject({ code: Code.OK, currentLimit: undefined });
      expect(responseHeadersToAdd).toEqual([]);
    }
  });
});

describe('the headers for the client', () => {
  test('show each limit as the draft writes it', () => {
    const response = answerTo(
      [partOf('login'), decisionOf({ limits: [limitOf({ nextDelayUs: 59.1 * S })] })],
      [
        partOf('address'),
        decisionOf({ limits: [limitOf({ windowUs: 500_000, limit: 3, remaining: 3, nextDelayUs: 0 })] }),
      ],
    );
    const headers = headersOf(response);

    expect(headers).toEqual({
      'RateLimit-Policy': '"login";q=10;w=600, "address";q=3',
      RateLimit: '"login";r=4;t=60, "address";r=3;t=0',
    });
    expect(items(headers['RateLimit-Policy'])).toEqual([
      ['login', { q: 10, w: 600 }],
      ['address', { q: 3 }],
    ]);
  });

  test('show the tighter of two subjects of one policy, as a name may stand once', () => {
    const response = answerTo(
      [partOf('login'), decisionOf()],
      [partOf('login'), decisionOf({ limits: [limitOf({ remaining: 2 })] })],
    );

    expect(headersOf(response).RateLimit).toBe('"login";r=2;t=60');
  });

  test('omit the time until more, if an operator has set the limit to 0', () => {
    const limits = [limitOf({ limit: 0, remaining: 0, nextDelayUs: 0 })];
    const headers = headersOf(answerTo([partOf('login'), decisionOf({ admitted: false, limits })]));

    expect(headers).toEqual({ 'RateLimit-Policy': '"login";q=0;w=600', RateLimit: '"login";r=0' });
  });

  test('say when to come back: after the last denial, and never before more is there', () => {
    const denied = (retryDelayUs: number, nextDelayUs: number) =>
      decisionOf({ admitted: false, limits: [limitOf({ remaining: 0, nextDelayUs })], retryDelayUs });
    const retryAfter = (...decided: Parameters<typeof answerTo>) =>
      headersOf(answerTo(...decided))['Retry-After'];

    expect(retryAfter([partOf('a'), denied(3 * S, 3 * S)], [partOf('b'), denied(7.5 * S, 7.5 * S)])).toBe(
      '8',
    );
    expect(retryAfter([partOf('a'), denied(S, 3 * S)])).toBe('3');
    expect(retryAfter([partOf('a'), denied(1, 1)])).toBe('1');
    expect(retryAfter([partOf('a'), decisionOf()])).toBeUndefined();
    expect(retryAfter([partOf('a'), decisionOf({ admitted: false })])).toBeUndefined();
  });
});
