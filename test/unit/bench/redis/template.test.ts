import { expect, test } from '@jest/globals';
import { numbered, randomized, SUBJECT, templateRequestId, USER } from '../../../bench/redis/template';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function bytesOfUuid(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

test('numbered: a subject gets its number in every place', () => {
  const [first, second] = numbered([Buffer.from(`a:${SUBJECT}:${SUBJECT}`), Buffer.from('b')], {
    subject: 42,
    taking: 7,
  });
  expect(String(first)).toBe('a:000000000042:000000000042');
  expect(String(second)).toBe('b');
});

test('numbered: a request id as bytes and as text has the same number in both', () => {
  const id = templateRequestId(3);
  const [bytes, text] = numbered([bytesOfUuid(id), Buffer.from(id)], { subject: 1, taking: 7 });
  expect(String(bytes)).toBe('0003000000000007');
  expect(String(text)).toMatch(UUID);
  expect(bytesOfUuid(String(text))).toEqual(bytes);
});

test('numbered: leaves the template as it is', () => {
  const template = [Buffer.from(SUBJECT)];
  numbered(template, { subject: 1, taking: 1 });
  expect(String(template[0])).toBe(SUBJECT);
});

test('numbered: the shorter subject has the last digits', () => {
  expect(String(numbered([Buffer.from(`a:${USER}`)], { subject: 42, taking: 7 })[0])).toBe('a:000042');
});

test('randomized: has what redis-benchmark replaces, without a change of length', () => {
  const [part] = randomized([Buffer.from(`s:${SUBJECT}`)]);
  expect(String(part)).toBe('s:__rand_int__');
});

test('templateRequestId: makes a UUID, another one for each lead', () => {
  expect(templateRequestId(1)).toMatch(UUID);
  expect(templateRequestId(1)).not.toBe(templateRequestId(2));
});
