import { describe, expect, test } from '@jest/globals';
import { factOf, failedChecks, limitedDaemon, S } from '../../../helpers/audited_records';
import { recordOf, START_US } from '../../../helpers/honest_record';
import { makeRecord } from '../../../helpers/record_lines';

/** An id that is charged, and denied later. */
function deniedRecord(deniedSecond = 3) {
  const { admit, record } = limitedDaemon();
  admit({ second: 1, id: 'a1' });
  admit({ second: 2, id: 'a2' });
  admit({ second: deniedSecond, id: 'a1', admitted: false });
  return record;
}

function operatorOf(sent: object, second: number, answer: object = {}) {
  const operator = makeRecord('operator');
  operator.asked(START_US + second * S, { subject: 'ada', ...sent }, { ...answer });
  return operator;
}

const RESET = { op: 'reset', policies: ['connection'] };

describe('audit of ids that are denied', () => {
  test('one that was charged before is a violation', () => {
    expect(failedChecks([deniedRecord()])).toEqual(['request ids']);
  });

  test('one that was charged and is forgotten is none, and neither is one that the store may have lost', () => {
    const lost = factOf({ fact: 'may_be_lost', fromUs: START_US, toUs: START_US + 1.5 * S }, 1);

    expect(failedChecks([deniedRecord(62)])).not.toContain('request ids');
    expect(failedChecks([deniedRecord(), lost])).not.toContain('request ids');
  });

  test.each([
    ['a reset', RESET],
    ['an override', { op: 'set_override', policy: 'connection', name: 'per-window', limit: 2 }],
    ['a lifted override', { op: 'clear_override', policy: 'connection', name: 'per-window' }],
    ['a refund', { op: 'refund', by: 1, policy: 'connection', id: 'a9' }],
    ['an erasure', { op: 'erase' }],
  ])('a memory from before %s may deny it for 260 ms', (_, sent) => {
    expect(failedChecks([deniedRecord(), operatorOf(sent, 2.8)])).not.toContain('request ids');
  });

  test('a reset before that, or one of another policy or subject, is no excuse', () => {
    for (const other of [
      operatorOf(RESET, 2.7),
      operatorOf({ op: 'reset', policies: ['bucket'] }, 2.8),
      operatorOf({ ...RESET, subject: 'bob' }, 2.8),
    ])
      expect(failedChecks([deniedRecord(), other])).toContain('request ids');
  });

  test('a clock that was set in between is an excuse', () => {
    const step = factOf({ fact: 'clock_step', byUs: 1 }, 2.9);

    expect(failedChecks([deniedRecord(), step])).not.toContain('request ids');
  });
});

describe('audit of ids of calls', () => {
  test('two subjects may record calls under the same id, and one may not', () => {
    const { record } = recordOf('1');
    const call = (second: number, subject: string) => {
      const sent = { op: 'call', subject, service: 'vente', id: 'c1' };
      record.asked(START_US + second * S, sent, { isRecorded: true });
    };
    call(1, 'ada');
    call(2, 'bob');

    expect(failedChecks([record])).toEqual([]);
    call(3, 'ada');
    expect(failedChecks([record])).toEqual(['request ids']);
  });
});
