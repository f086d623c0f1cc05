import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { createSubjectHash, newLogSecret } from '../../../../daemon/telemetry/subject_hash';

describe('createSubjectHash', () => {
  test('a subject has sixteen digits of its HMAC-SHA-256', () => {
    const whole = createHmac('sha256', 'a secret of the tests').update('192.0.2.7').digest('hex');

    expect(createSubjectHash('a secret of the tests')('192.0.2.7')).toBe(whole.slice(0, 16));
  });

  test('two secrets make two hashes of one subject', () => {
    expect(createSubjectHash(newLogSecret())('42')).not.toBe(createSubjectHash(newLogSecret())('42'));
  });
});
