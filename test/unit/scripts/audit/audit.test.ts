import { describe, expect, test } from '@jest/globals';
import { reportLines } from '../../../../scripts/audit/report';
import { auditOf, factOf, failedChecks, limitedDaemon, S } from '../../../helpers/audited_records';
import { honestRecord, recordOf, START_US } from '../../../helpers/honest_record';

describe('audit', () => {
  test('an honest record has no violation; what has no answer is counted', () => {
    const result = auditOf(honestRecord());

    expect(result.findings.flatMap(({ violations }) => violations)).toEqual([]);
    expect(result).toMatchObject({ processCount: 2, unansweredCount: 1 });
    expect(reportLines(result)[0]).toContain('1 without an answer');
  });

  test('a clock that is set forwards, once more the limit in a window of real time, and it is measured', () => {
    const daemon = limitedDaemon();
    daemon.admit({ second: 1, id: 'a1' });
    daemon.admit({ second: 2, id: 'a2' });
    daemon.admit({ second: 4, id: 'a3', shiftUs: 20 * S });
    daemon.admit({ second: 5, id: 'a4', shiftUs: 20 * S });
    const step = factOf({ fact: 'clock_step', byUs: 20 * S }, 3);

    expect(failedChecks([daemon.record])).toEqual(['times']);
    const { findings } = auditOf([daemon.record, step]);
    expect(findings.flatMap(({ violations }) => violations)).toEqual([]);
    expect(findings.flatMap(({ notes = [] }) => notes)).toEqual([
      expect.stringContaining('window of real time: 2, of 2 that steps forwards allow'),
    ]);
  });

  test('a request that is rejected a little early while the clock is set breaks no promise', () => {
    const { record, admit } = recordOf('1');
    admit({ policy: 'connection', subject: 'ada', second: 1, id: 'a1', answer: 'unavailable' });
    Object.assign(record.lines.at(-1) ?? {}, { error: 'DeadlinePassed' });
    const step = factOf({ fact: 'clock_step', byUs: S }, 1.0005);

    expect(failedChecks([record, step])).toEqual([]);
    expect(failedChecks([record])).toEqual(['times']);
  });

  test('a clock that is set back, what was taken before stays taken', () => {
    const daemon = limitedDaemon();
    daemon.admit({ second: 20, id: 'a1' });
    daemon.admit({ second: 21, id: 'a2' });
    const step = factOf({ fact: 'clock_step', byUs: -15 * S }, 22);
    daemon.admit({ second: 23, id: 'a3', shiftUs: -15 * S, admitted: false });

    expect(failedChecks([daemon.record, step])).toEqual([]);
    daemon.admit({ second: 24, id: 'a4', shiftUs: -15 * S });
    expect(failedChecks([daemon.record, step])).toEqual(['windows']);
  });

  test('a reset changes nothing that has left its window, and counts again if the clock is set back', () => {
    const auditWith = (resetSecond: number) => {
      const { admit, record } = limitedDaemon();
      admit({ second: 1, id: 'a1' });
      admit({ second: 2, id: 'a2' });
      const reset = { op: 'reset', policies: ['connection'], subject: 'ada' };
      record.asked(START_US + resetSecond * S, reset, { resetCount: 1 });
      admit({ second: 22, id: 'a3', shiftUs: -15 * S, admitted: false });
      return failedChecks([record, factOf({ fact: 'clock_step', byUs: -15 * S }, 21)]);
    };

    expect([auditWith(20), auditWith(5)]).toEqual([[], ['denials']]);
  });

  test('what was refunded may be taken again by another request', () => {
    const auditWith = (isRefunded: boolean) => {
      const { admit, record } = limitedDaemon();
      admit({ second: 1, id: 'a1' });
      admit({ second: 2, id: 'a2' });
      const sent = { op: 'refund', by: 1, policy: 'connection', subject: 'ada', id: 'a1' };
      if (isRefunded)
        record.asked(START_US + 3 * S, sent, { isRefunded: true, cost: 1, refundedUs: START_US + 3 * S });
      admit({ second: 4, id: 'a3' });
      return failedChecks([record]);
    };

    expect([auditWith(true), auditWith(false)]).toEqual([[], ['windows']]);
  });

  test('a bucket whose clock is set back keeps what it had got back until then', () => {
    const { record, admit } = recordOf('1');
    const bob = { policy: 'bucket', subject: 'bob' } as const;
    admit({ ...bob, second: 10, id: 'b1', answer: 'admitted' });
    admit({ ...bob, second: 14, id: 'b2', answer: 'admitted' });
    const step = factOf({ fact: 'clock_step', byUs: -4 * S }, 15);
    admit({ ...bob, second: 16, id: 'b3', answer: 'denied', shiftUs: -4 * S });
    admit({ ...bob, second: 17, id: 'b3', answer: 'admitted', shiftUs: -4 * S });

    expect(failedChecks([record, step])).toEqual([]);
    admit({ ...bob, second: 18, id: 'b4', answer: 'admitted', shiftUs: -4 * S });
    expect(failedChecks([record, step])).toEqual(['buckets']);
  });

  test('a bucket whose clock is set back keeps what it had got back until a refunded request', () => {
    const { record, admit } = recordOf('1');
    const bob = { policy: 'bucket', subject: 'bob' } as const;
    admit({ ...bob, second: 10, id: 'b1', answer: 'admitted' });
    admit({ ...bob, second: 14, id: 'b2', answer: 'admitted' });
    const refund = { op: 'refund', by: 2, policy: 'bucket', subject: 'bob', id: 'b2' };
    const refundedUs = START_US + 14.2 * S;
    record.asked(refundedUs, refund, { isRefunded: true, cost: 1, refundedUs });
    const step = factOf({ fact: 'clock_step', byUs: -6 * S }, 15);
    admit({ ...bob, second: 15.5, id: 'b3', answer: 'admitted', shiftUs: -6 * S });
    admit({ ...bob, second: 17, id: 'b4', answer: 'admitted', shiftUs: -6 * S });

    expect(failedChecks([record, step])).toEqual([]);
    admit({ ...bob, second: 18, id: 'b5', answer: 'admitted', shiftUs: -6 * S });
    expect(failedChecks([record, step])).toEqual(['buckets']);
  });

  test('a remembered denial shows the clock as it went on before it was set back', () => {
    const daemon = limitedDaemon();
    daemon.admit({ second: 20, id: 'a1' });
    daemon.admit({ second: 21, id: 'a2' });
    const step = factOf({ fact: 'clock_step', byUs: -S }, 22);
    daemon.admit({ second: 22.2, id: 'a3', admitted: false });

    expect(failedChecks([daemon.record, step])).toEqual([]);
    daemon.admit({ second: 22.5, id: 'a4', admitted: false });
    expect(failedChecks([daemon.record, step])).toEqual(['times']);
  });

  test('an override whose end had passed when it was set replaces none', () => {
    const { record, admit } = recordOf('1');
    const ada = { policy: 'connection', subject: 'ada', answer: 'admitted' } as const;
    const sent = { op: 'set_override', subject: 'ada', policy: 'connection', name: 'per-window' };
    record.asked(START_US + 1 * S, { ...sent, limit: 1 }, { isSet: true });
    record.asked(START_US + 2 * S, { ...sent, limit: 5 }, { isSet: false });
    admit({ ...ada, second: 3, id: 'a1', limit: 1 });

    expect(failedChecks([record])).toEqual([]);
    admit({ ...ada, second: 14, id: 'a2' });
    expect(failedChecks([record])).toEqual(['sizes']);
  });

  test('a request that its daemon found late after the store had not answered may have been taken', () => {
    const { record, admit } = recordOf('1');
    const ada = { policy: 'connection', subject: 'ada', id: 'a1' } as const;
    admit({ ...ada, second: 1, answer: 'unavailable' });
    Object.assign(record.lines.at(-1) ?? {}, { error: 'DeadlinePassed', isGivenUp: true });
    admit({ ...ada, second: 2, answer: 'repeated' });

    expect(failedChecks([record])).toEqual([]);
  });

  test('a client may wait for as long beyond its deadline as its daemon was stopped', () => {
    const auditWith = (fields: object) => {
      const records = honestRecord();
      const [, , client] = records;
      Object.assign(client?.lines[0] ?? {}, { atUs: START_US + 4.5 * S, ...fields });
      return auditOf(records).findings.find(({ check }) => check === 'clients');
    };

    expect(auditWith({})?.violations).toHaveLength(1);
    expect(auditWith({ stoppedUs: 2 * S })).toMatchObject({
      violations: [],
      notes: ['the longest wait beyond a deadline: 500 ms; later than 100 ms: 1'],
    });
  });

  test('what the store may have lost may be taken and charged again', () => {
    const daemon = limitedDaemon();
    for (const [second, id] of ['a1', 'a2', 'a1', 'a3'].entries()) daemon.admit({ second, id });
    const lost = factOf({ fact: 'may_be_lost', fromUs: START_US, toUs: START_US + 1.5 * S }, 1);

    expect(failedChecks([daemon.record, lost])).toEqual([]);
    expect(failedChecks([daemon.record])).toEqual(['windows', 'request ids']);
  });

  test('what was answered once it was on disk is not excused by a loss', () => {
    const { record, admit } = recordOf('1');
    for (const [second, id] of ['a1', 'a2', 'a1'].entries())
      admit({ policy: 'kept', subject: 'ada', second, id, answer: 'admitted' });
    const lost = factOf({ fact: 'may_be_lost', fromUs: START_US, toUs: START_US + 1.5 * S }, 1);

    expect(failedChecks([record, lost])).toEqual(['windows', 'request ids']);
  });
});
