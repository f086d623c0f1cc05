import { describe, expect, test } from '@jest/globals';
import {
  parseAdmit,
  parseBatch,
  parseRecordCall,
  parseStats,
} from '../../../../../daemon/grpc/quota/validate';
import { type FieldFault, InvalidRequest } from '../../../../../daemon/quota/errors';
import type {
  AdmitRequest,
  RecordCallRequest,
  StatsRequest,
} from '../../../../../gen/quota/v1/quota_service';

const UUID = '123e4567-e89b-42d3-a456-426614174000';
const DAY_S = 86_400;

const RESERVED = [
  ['nil', '00000000-0000-0000-0000-000000000000'],
  ['max', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
  ['max, in upper case,', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF'],
] as const;

const admitRequest: AdmitRequest = { subject: '42', policy: 'connection', requestId: '' };
const callRequest: RecordCallRequest = {
  subject: '42',
  service: 'vente',
  requestId: '',
  callTime: undefined,
};
const statsRequest: StatsRequest = { topWindow: undefined, subject: '' };

function faultsOf(parse: () => unknown): readonly FieldFault[] {
  try {
    parse();
    return [];
  } catch (error) {
    if (error instanceof InvalidRequest) return error.faults;
    throw error;
  }
}

function fieldsOf(parse: () => unknown): string[] {
  return faultsOf(parse).map(({ field }) => field);
}

const admitFields = (request: Partial<AdmitRequest>) =>
  fieldsOf(() => parseAdmit({ ...admitRequest, ...request }));
const callFields = (request: Partial<RecordCallRequest>) =>
  fieldsOf(() => parseRecordCall({ ...callRequest, ...request }));
const WINDOWS_MS = [3 * DAY_S * 1000, 7 * DAY_S * 1000];
const stats = (request: Partial<StatsRequest> = {}) =>
  parseStats({ ...statsRequest, ...request }, WINDOWS_MS);
const statsFields = (request: Partial<StatsRequest>) => fieldsOf(() => stats(request));

describe('parseAdmit', () => {
  test('a request with what is required only has a cost of 1 and no request id', () => {
    expect(parseAdmit(admitRequest)).toEqual({
      subject: '42',
      policy: 'connection',
      cost: 1,
      requestId: undefined,
    });
  });

  test('every bad field is named with what it must be', () => {
    const request = { subject: '', policy: '', cost: 0, requestId: 'again' };

    expect(faultsOf(() => parseAdmit(request))).toEqual([
      { field: 'subject', description: 'must be 1 to 128 characters; it has 0' },
      { field: 'policy', description: 'is required' },
      { field: 'cost', description: 'must be 1 or more; it is 0' },
      { field: 'request_id', description: 'must be a UUID, such as 123e4567-e89b-42d3-a456-426614174000' },
    ]);
  });

  test.each([
    ['of 1 character', 'a'],
    ['of 128 characters', 'a'.repeat(128)],
    ['of 128 emoji, each two units of UTF-16', '🎓'.repeat(128)],
    ['with spaces, braces and colons', 'a {b}: c'],
    ['in another script', 'étudiante-名前'],
  ])('a subject %s is accepted as it is', (_, subject) => {
    expect(parseAdmit({ ...admitRequest, subject }).subject).toBe(subject);
  });

  test.each([
    ['of nothing', ''],
    ['of 129 characters', 'a'.repeat(129)],
    ['of 129 emoji', '🎓'.repeat(129)],
    ['of 10 kB', 'a'.repeat(10_240)],
    ['that was no UTF-8', 'caf\uFFFD'],
    ['with a line break', 'a\nb'],
    ['with a NUL', 'a\u0000'],
    ['with a control character above ASCII', 'a\u0085'],
  ])('a subject %s is rejected', (_, subject) => {
    expect(admitFields({ subject })).toEqual(['subject']);
  });

  test('a subject of 10 kB is not repeated in the answer', () => {
    const [fault] = faultsOf(() => parseAdmit({ ...admitRequest, subject: 'a'.repeat(10_240) }));

    expect(fault?.description).toBe('must be 1 to 128 characters; it has 10240');
  });

  test.each([1, 2, 2 ** 31 - 1])('a cost of %d is taken', (cost) => {
    expect(parseAdmit({ ...admitRequest, cost }).cost).toBe(cost);
  });

  test.each([0, -1, -(2 ** 31)])('a cost of %d is rejected', (cost) => {
    expect(admitFields({ cost })).toEqual(['cost']);
  });

  test('a policy of 63 characters is left to the limiter; one of 64 is rejected', () => {
    expect(['p'.repeat(63), 'p'.repeat(64)].map((policy) => admitFields({ policy }))).toEqual([
      [],
      ['policy'],
    ]);
  });

  test('a request id in upper case is the same as in lower case', () => {
    expect(parseAdmit({ ...admitRequest, requestId: UUID.toUpperCase() }).requestId).toBe(UUID);
  });

  test.each([
    'again',
    UUID.slice(1),
    `${UUID}0`,
    `{${UUID}}`,
    UUID.replaceAll('-', ''),
    UUID.replace('1', 'g'),
    ' ',
  ])('the request id %j is rejected', (requestId) => {
    expect(admitFields({ requestId })).toEqual(['request_id']);
  });

  test.each(RESERVED)('the %s UUID is rejected as request id', (_, requestId) => {
    expect(admitFields({ requestId })).toEqual(['request_id']);
  });
});

describe('parseBatch', () => {
  test.each([1, 1000])('%d requests are accepted with their order and their faults', (size) => {
    const requests = Array.from({ length: size }, (_, at) => ({
      ...admitRequest,
      subject: at === 0 ? '' : `${at}`,
    }));

    expect(parseBatch({ requests })).toEqual(requests);
  });

  test.each([0, 1001])('%d requests are rejected', (size) => {
    expect(faultsOf(() => parseBatch({ requests: Array(size).fill(admitRequest) }))).toEqual([
      { field: 'requests', description: `must hold 1 to 1000; it holds ${size}` },
    ]);
  });
});

describe('parseRecordCall', () => {
  test('a request with what is required only is made now, without a request id', () => {
    expect(parseRecordCall(callRequest)).toEqual({
      subject: '42',
      service: 'vente',
      requestId: undefined,
      callTimeMs: undefined,
    });
  });

  test('every bad field is named', () => {
    const request = { subject: '\u0007', service: '', requestId: '1', callTime: new Date(-1) };

    expect(callFields(request)).toEqual(['subject', 'service', 'request_id', 'call_time']);
  });

  test.each(RESERVED)('the %s UUID is rejected as request id', (_, requestId) => {
    expect(callFields({ requestId })).toEqual(['request_id']);
  });

  test('a call time with a fraction of a millisecond is reduced to the millisecond', () => {
    expect(parseRecordCall({ ...callRequest, callTime: new Date(1.9) }).callTimeMs).toBe(1);
  });

  test.each([
    ['before 1970', -1],
    ['that is no moment', Number.NaN],
    ['after the end of dates', 8.64e15 + 1],
  ])('a call time %s is rejected', (_, ms) => {
    expect(callFields({ callTime: new Date(ms) })).toEqual(['call_time']);
  });

  test('the last moment of the year 9999 is accepted; the next is rejected', () => {
    const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

    expect([lastMs, lastMs + 1].map((ms) => callFields({ callTime: new Date(ms) }))).toEqual([
      [],
      ['call_time'],
    ]);
  });
});

describe('parseStats', () => {
  test("an empty request means the contract's defaults", () => {
    expect(stats()).toEqual({
      recentCount: 10,
      topCount: 3,
      topWindowMs: 3 * DAY_S * 1000,
      leastCount: 10,
      hourCount: 0,
      subject: undefined,
    });
  });

  test.each([0, 1, 100])('counts of %d are taken', (count) => {
    const asked = { recentCount: count, topCount: count, leastCount: count };

    expect(stats(asked)).toMatchObject(asked);
  });

  test.each([-1, 101, 2 ** 31 - 1])('counts of %d are each refused', (count) => {
    const asked = { recentCount: count, topCount: count, leastCount: count };

    expect(statsFields(asked)).toEqual(['recent_count', 'top_count', 'least_count']);
  });

  test.each([0, 1, 168])('%d hours are accepted', (hourCount) => {
    expect(stats({ hourCount }).hourCount).toBe(hourCount);
  });

  test.each([-1, 169])('%d hours are rejected', (hourCount) => {
    expect(statsFields({ hourCount })).toEqual(['hour_count']);
  });

  test.each([
    ['3 days', { seconds: 3 * DAY_S, nanos: 0 }, 3 * DAY_S * 1000],
    ['7 days', { seconds: 7 * DAY_S, nanos: 0 }, 7 * DAY_S * 1000],
  ])('a declared window of %s is accepted', (_, topWindow, topWindowMs) => {
    expect(stats({ topWindow }).topWindowMs).toBe(topWindowMs);
  });

  test.each([
    ['nothing', { seconds: 0, nanos: 0 }],
    ['less than a millisecond', { seconds: 0, nanos: 999_999 }],
    ['less than nothing', { seconds: -1, nanos: 0 }],
    ['a little less than nothing', { seconds: 0, nanos: -1 }],
    ['7 days and a millisecond', { seconds: 7 * DAY_S, nanos: 1_000_000 }],
    ['a second in nanoseconds alone', { seconds: 0, nanos: 1_000_000_000 }],
    ['parts with two signs', { seconds: 2, nanos: -1 }],
    ['one day, which is not declared', { seconds: DAY_S, nanos: 0 }],
  ])('a window of %s is rejected', (_, topWindow) => {
    expect(statsFields({ topWindow })).toEqual(['top_window']);
  });

  test('a window that is not declared is rejected with the list of those that are', () => {
    expect(() => stats({ topWindow: { seconds: 60, nanos: 0 } })).toThrow(
      'top_window must be one of the windows that are counted: 3d, 7d',
    );
  });

  test.each([
    ['of 1 character', 'a'],
    ['of 128 emoji', '🎓'.repeat(128)],
    ['that could be a key or a number', '{0}:42'],
  ])('a subject %s is accepted as it is', (_, subject) => {
    expect(stats({ subject }).subject).toBe(subject);
  });

  test.each([
    ['of 129 characters', 'a'.repeat(129)],
    ['with a line break', 'a\nb'],
    ['that was no UTF-8', 'caf\uFFFD'],
  ])('a subject %s is rejected', (_, subject) => {
    expect(statsFields({ subject })).toEqual(['subject']);
  });

  test('a subject beside other fields that are bad is named with all of them', () => {
    const request = { leastCount: 101, subject: 'a'.repeat(129), topWindow: { seconds: 0, nanos: 0 } };

    expect(statsFields(request)).toEqual(['least_count', 'top_window', 'subject']);
  });
});
