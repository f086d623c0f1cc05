import { Metadata } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import {
  decideByMs,
  dropDecideBy,
  hasReadableTimeout,
  setDecideBy,
  shortenTimeout,
  spendTimeout,
} from '../../../../../daemon/grpc/listening/timeouts';

function shortened(timeout: string): unknown {
  const headers = { 'grpc-timeout': timeout };
  shortenTimeout(headers);
  return headers['grpc-timeout'];
}

describe('grpc-timeout', () => {
  test.each(['1S', '0n', '99999999H', '100m'])('%s is readable', (timeout) => {
    expect(hasReadableTimeout({ 'grpc-timeout': timeout })).toBe(true);
  });

  test('none is readable', () => {
    expect(hasReadableTimeout({})).toBe(true);
  });

  test.each(['', '1', 'S', '1X', '123456789S', '-1S', '1.5S', ' 1S', '1S1S'])(
    '%j is unreadable',
    (timeout) => {
      expect(hasReadableTimeout({ 'grpc-timeout': timeout })).toBe(false);
    },
  );

  test.each(['596H', '35791M', '2147483S', '99999999m', '99999999u', '1n'])('%s is kept', (timeout) => {
    expect(shortened(timeout)).toBe(timeout);
  });

  test.each(['597H', '99999999H', '35792M', '2147484S'])(
    '%s is more milliseconds than 32 bits hold, and is made the most that they do',
    (timeout) => {
      expect(shortened(timeout)).toBe('2147483S');
    },
  );

  test.each([
    ['1S', '980m'],
    ['500m', '480m'],
    ['20000u', '0m'],
    ['1n', '0m'],
    ['2147483S', '2147483S'],
  ])('%s is %s after 20 milliseconds', (timeout, left) => {
    const headers = { 'grpc-timeout': timeout };
    spendTimeout(headers, 20);

    expect(headers['grpc-timeout']).toBe(left);
  });

  test('none is none after 20 milliseconds', () => {
    const headers = {};
    spendTimeout(headers, 20);

    expect(headers).toEqual({});
  });
});

describe('the moment to decide by', () => {
  test('is passed on in the headers', () => {
    const headers = { 'grpc-timeout': '1S' };
    setDecideBy(headers, 1234.5);

    expect(decideByMs(Metadata.fromHttp2Headers(headers))).toBe(1234.5);
  });

  test('none is set unless there is one', () => {
    const headers = {};
    setDecideBy(headers, Number.POSITIVE_INFINITY);

    expect(headers).toEqual({});
    expect(decideByMs(Metadata.fromHttp2Headers(headers))).toBe(Number.POSITIVE_INFINITY);
  });

  test('what a caller sends under its name is dropped, and nothing else', () => {
    const headers = { 'quota-decide-by': '0', 'grpc-timeout': '1S' };
    dropDecideBy(headers);

    expect(headers).toEqual({ 'grpc-timeout': '1S' });
  });

  test('one that cannot be read is none', () => {
    const headers = { 'quota-decide-by': 'soon' };

    expect(decideByMs(Metadata.fromHttp2Headers(headers))).toBe(Number.POSITIVE_INFINITY);
  });
});
