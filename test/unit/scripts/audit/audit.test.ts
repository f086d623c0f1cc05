import { describe, expect, test } from '@jest/globals';
import { audit } from '../../../../scripts/audit/audit';
import { parseRecord } from '../../../../scripts/audit/read_record';
import { reportLines, violationCount } from '../../../../scripts/audit/report';
import { honestRecord, recordOf, START_US } from '../../../helpers/honest_record';
import { type MadeRecord, makeRecord, textOf } from '../../../helpers/record_lines';

const SETTINGS = { toleranceUs: 1_000, lagUs: 1_000_000 };

function auditOf(records: readonly MadeRecord[]) {
  return audit(parseRecord(records.map(({ name, lines }) => ({ name, text: textOf(lines) }))), SETTINGS);
}

/** The checks that failed. */
function failedChecks(records: readonly MadeRecord[]): string[] {
  return auditOf(records).findings.flatMap(({ check, violations }) => (violations.length > 0 ? [check] : []));
}

type Line = Record<string, unknown>;

/** The line that was sent under an id, the n-th from 0. */
function sentOf({ lines }: MadeRecord, id: string, nth = 0): Line {
  const found = lines.filter((line) => line.kind === 'sent' && line.id === id)[nth];
  if (found === undefined) throw new Error(`nothing was sent under ${id}`);
  return found;
}

function answerOf(record: MadeRecord, id: string, nth = 0): Line {
  const { seq } = sentOf(record, id, nth);
  const found = record.lines.find((line) => line.of === seq);
  if (found === undefined) throw new Error(`nothing was answered to ${id}`);
  return found;
}

function lineOf({ lines }: MadeRecord, fields: Line): Line {
  const found = lines.find((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
  if (found === undefined) throw new Error('there is no such line');
  return found;
}

interface Records {
  readonly one: MadeRecord;
  readonly two: MadeRecord;
  readonly client: MadeRecord;
}

const S = 1_000_000;

/** Each way in which a record may say that a promise was broken, and the check that notices. */
const TAMPERINGS: readonly (readonly [what: string, check: string, tamper: (records: Records) => unknown])[] =
  [
    ['a line that is missing', 'whole', ({ one }) => one.lines.splice(5, 1)],
    ['a line that stands twice', 'whole', ({ one }) => one.lines.splice(5, 0, { ...one.lines[5] })],
    ['a line that is cut', 'whole', ({ one }) => delete one.lines[5]?.atUs],
    [
      'an answer to nothing',
      'answers',
      ({ one }) => Object.assign(answerOf(one, 'a3'), { of: lineOf(one, { kind: 'policy' }).seq }),
    ],
    [
      'an answer that is given twice',
      'answers',
      ({ one }) => Object.assign(answerOf(one, 'a3'), { of: sentOf(one, 'a2').seq }),
    ],
    [
      'a policy that is not described',
      'answers',
      ({ one }) => Object.assign(sentOf(one, 'a2'), { by: sentOf(one, 'b1').by }),
    ],
    [
      'one more than the limit in a window',
      'windows',
      ({ one }) => Object.assign(answerOf(one, 'a3'), { admitted: true }),
    ],
    ['a cost that does not fit', 'windows', ({ one }) => Object.assign(sentOf(one, 'a7'), { cost: 3 })],
    [
      'one more than the limit, as a repeat shows that another was taken',
      'windows',
      ({ one }) => Object.assign(answerOf(one, 'a6'), { admitted: true }),
    ],
    [
      'one more than the limit after an outage was written',
      'windows',
      ({ one }) => Object.assign(answerOf(one, 'e4'), { admitted: true }),
    ],
    [
      'a taking that no reset had given back',
      'windows',
      ({ one }) => Object.assign(lineOf(one, { op: 'reset' }), { subject: 'bob' }),
    ],
    [
      'a bucket that gave more than it held',
      'buckets',
      ({ one }) => Object.assign(answerOf(one, 'b3'), { admitted: true }),
    ],
    [
      'a denial by a window that has room',
      'denials',
      ({ one }) => Object.assign(answerOf(one, 'a2'), { admitted: false }),
    ],
    [
      'a denial by a bucket that has room',
      'denials',
      ({ one }) => Object.assign(answerOf(one, 'b3', 1), { admitted: false }),
    ],
    [
      'an id that is charged twice',
      'request ids',
      ({ one }) => Object.assign(sentOf(one, 'a5'), { id: 'a1' }),
    ],
    [
      'a repeat of what was never taken',
      'request ids',
      ({ one }) => Object.assign(answerOf(one, 'a7'), { isRepeat: true }),
    ],
    [
      'a call that is recorded twice',
      'request ids',
      ({ one }) => Object.assign(answerOf(one, 'c1', 1), { isRecorded: true }),
    ],
    [
      'a call that is known before it was recorded',
      'request ids',
      ({ one }) => Object.assign(answerOf(one, 'c1'), { isRecorded: false }),
    ],
    [
      'an id that a process charges twice without the store',
      'request ids',
      ({ one }) => Object.assign(sentOf(one, 'e2'), { id: 'e1' }),
    ],
    [
      'a size that no policy and no operator has set',
      'sizes',
      ({ one }) => Object.assign(answerOf(one, 'a2'), { limits: resized(answerOf(one, 'a2'), { limit: 7 }) }),
    ],
    [
      'an override that was never set',
      'sizes',
      ({ one }) =>
        Object.assign(answerOf(one, 'a2'), { limits: resized(answerOf(one, 'a2'), { overridden: true }) }),
    ],
    [
      'an override that is not obeyed',
      'sizes',
      ({ one }) =>
        Object.assign(answerOf(one, 'a8'), {
          limits: resized(answerOf(one, 'a8'), { limit: 2, overridden: false }),
        }),
    ],
    [
      'a window of another length',
      'sizes',
      ({ one }) =>
        Object.assign(answerOf(one, 'a2'), { limits: resized(answerOf(one, 'a2'), { windowUs: S }) }),
    ],
    [
      'a decision outside of the time of its request',
      'times',
      ({ one }) => Object.assign(answerOf(one, 'a2'), { decidedUs: START_US }),
    ],
    [
      'what is taken after its deadline',
      'times',
      ({ one }) => Object.assign(sentOf(one, 'a2'), { deadlineUs: START_US + S }),
    ],
    [
      'a refusal for a deadline that has not passed',
      'times',
      ({ one }) => Object.assign(answerOf(one, 'a4'), { error: 'DeadlinePassed' }),
    ],
    [
      'more than the limit from one process without the store',
      'outages',
      ({ two }) => {
        for (const nth of [1, 2]) {
          const seq = two.lines.length;
          const sent = { ...sentOf(two, 'e3'), seq, id: `more-${nth}`, atUs: START_US + 31.6 * S };
          two.lines.push(sent, { ...answerOf(two, 'e3'), seq: seq + 1, of: seq, atUs: START_US + 31.7 * S });
        }
      },
    ],
    [
      'a count of connections that is too large',
      'statistics',
      ({ one }) =>
        Object.assign(statisticsOf(one), {
          topUsers: [
            { subject: 'ada', count: 7 },
            { subject: 'eve', count: 3 },
          ],
        }),
    ],
    [
      'a count of connections that is too small',
      'statistics',
      ({ one }) =>
        Object.assign(statisticsOf(one), {
          topUsers: [
            { subject: 'ada', count: 5 },
            { subject: 'eve', count: 3 },
          ],
        }),
    ],
    [
      'somebody who is missing among the most connected',
      'statistics',
      ({ one }) => Object.assign(statisticsOf(one), { topUsers: [{ subject: 'ada', count: 6 }] }),
    ],
    [
      'a count of calls that is too large',
      'statistics',
      ({ one }) => Object.assign(statisticsOf(one), { leastActiveUsers: [{ subject: 'ada', count: 2 }] }),
    ],
    [
      'an acknowledged call that is not counted',
      'statistics',
      ({ one }) => Object.assign(statisticsOf(one), { services: [{ service: 'vente', callCount: 0 }] }),
    ],
    [
      'a request that is refunded twice',
      'refunds',
      ({ one }) => Object.assign(refundOf(one, 1), { isRefunded: true, cost: 1 }),
    ],
    ['a refund of more than was taken', 'refunds', ({ one }) => Object.assign(refundOf(one), { cost: 2 })],
    [
      'a refund of what was never taken',
      'refunds',
      ({ one }) => Object.assign(refundOf(one, 2), { error: undefined, isRefunded: true, cost: 1 }),
    ],
    [
      'a refund of what was taken that is called unknown',
      'refunds',
      ({ one }) => Object.assign(refundOf(one), { error: 'UnknownRequest' }),
    ],
    [
      'a refunded request that is admitted again',
      'refunds',
      ({ one }) => {
        const { limits } = answerOf(one, 'f3', 1);
        const decidedUs = START_US + 45 * S + 500;
        const repeat = { error: undefined, admitted: true, isRepeat: true, limits, decidedUs };
        Object.assign(answerOf(one, 'f1', 3), repeat);
      },
    ],
    [
      'a refund that gave nothing back',
      'denials',
      ({ one }) => Object.assign(answerOf(one, 'f3', 1), { admitted: false }),
    ],
    [
      'one more than the limit, as another request was refunded',
      'windows',
      ({ one }) => {
        for (const nth of [0, 1]) Object.assign(sentOf(one, 'f1', 1), { id: `other-${nth}` });
      },
    ],
    [
      'a raise that holds longer than was asked for',
      'raises',
      ({ one }) => Object.assign(raiseOf(one), { expireUs: START_US + 110 * S }),
    ],
    [
      'a raise that makes another override smaller',
      'raises',
      ({ one }) => Object.assign(raiseOf(one, 1), { isSet: true, expireUs: START_US + 107 * S }),
    ],
    [
      'an admission that is written after its subject was erased',
      'erasures',
      ({ one }) => Object.assign(answerOf(one, 'h4', 1), { error: undefined, isRestored: true }),
    ],
    [
      'takings that no erasure had removed',
      'windows',
      ({ one }) => Object.assign(lineOf(one, { op: 'erase' }), { subject: 'bob' }),
    ],
    [
      'a subject that is denied by what was erased',
      'denials',
      ({ one }) => Object.assign(answerOf(one, 'h5'), { admitted: false }),
    ],
    [
      'a connection that is counted after it was erased',
      'statistics',
      ({ one }) =>
        Object.assign(statisticsOf(one), {
          topUsers: [
            { subject: 'ada', count: 6 },
            { subject: 'eve', count: 3 },
            { subject: 'hal', count: 2 },
          ],
        }),
    ],
    [
      'a call that is counted after it was erased',
      'statistics',
      ({ one }) => Object.assign(statisticsOf(one), { leastActiveUsers: [{ subject: 'hal', count: 1 }] }),
    ],
    [
      'a client that was told of a refund that was none',
      'clients',
      ({ one }) => Object.assign(refundOf(one), { isRefunded: false, cost: 0 }),
    ],
    [
      'a client that was told something else',
      'clients',
      ({ client }) => Object.assign(client.lines[0] ?? {}, { outcome: 'denied' }),
    ],
    [
      'a client that waited beyond its deadline',
      'clients',
      ({ client }) => Object.assign(client.lines[0] ?? {}, { atUs: START_US + 4 * S }),
    ],
  ];

function refundOf(record: MadeRecord, nth = 0): Line {
  const { seq } = record.lines.filter(({ op }) => op === 'refund')[nth] ?? {};
  return lineOf(record, { of: seq });
}

/** The answer to the n-th raise. */
function raiseOf(record: MadeRecord, nth = 0): Line {
  const { seq } = record.lines.filter(({ op }) => op === 'raise')[nth] ?? {};
  return lineOf(record, { of: seq });
}

function resized(answer: Line, changes: Line): Line[] {
  return (answer.limits as Line[]).map((limit) => ({ ...limit, ...changes }));
}

function statisticsOf(record: MadeRecord): Line {
  return lineOf(record, { of: lineOf(record, { op: 'statistics' }).seq });
}

/** A daemon with one limit of 2 in 10 seconds. */
function limitedDaemon() {
  const daemon = recordOf('1');
  const connection = { policy: 'connection', subject: 'ada' } as const;
  return {
    record: daemon.record,
    admit({
      admitted = true,
      ...asked
    }: {
      second: number;
      id: string;
      shiftUs?: number;
      admitted?: boolean;
    }) {
      daemon.admit({ ...connection, ...asked, answer: admitted ? 'admitted' : 'denied' });
    },
  };
}

function factOf(fact: Line, second: number): MadeRecord {
  const record = makeRecord('faults');
  record.add('fact', START_US + second * S, fact);
  return record;
}

describe('audit', () => {
  test('an honest record has no violation; what has no answer is counted', () => {
    const result = auditOf(honestRecord());

    expect(result.findings.flatMap(({ violations }) => violations)).toEqual([]);
    expect(result).toMatchObject({ processCount: 2, unansweredCount: 1 });
    expect(reportLines(result)[0]).toContain('1 without an answer');
  });

  test.each(TAMPERINGS)('%s is a violation of "%s"', (_, check, tamper) => {
    const records = honestRecord();
    const [one, two, client] = records as [MadeRecord, MadeRecord, MadeRecord];
    tamper({ one, two, client });

    expect(failedChecks(records)).toContain(check);
    expect(violationCount(auditOf(records))).toBeGreaterThan(0);
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

  test('what the store may have lost may be taken and charged again', () => {
    const daemon = limitedDaemon();
    for (const [second, id] of ['a1', 'a2', 'a1', 'a3'].entries()) daemon.admit({ second, id });
    const lost = factOf({ fact: 'may_be_lost', fromUs: START_US, toUs: START_US + 1.5 * S }, 1);

    expect(failedChecks([daemon.record, lost])).toEqual([]);
    expect(failedChecks([daemon.record])).toEqual(['windows', 'request ids']);
  });

  describe('a failover', () => {
    const failover = (bound: number, more: Line = {}) =>
      factOf({ fact: 'failover', fromUs: START_US, boundUs: bound * S, ...more }, 1);
    const daemonThatLost = () => {
      const daemon = limitedDaemon();
      for (const [second, id] of ['a1', 'a2', 'a1', 'a3'].entries()) daemon.admit({ second, id });
      return daemon.record;
    };

    test('explains what its master answered within the bound, and the report counts it', () => {
      const records = [daemonThatLost(), failover(1.5)];

      expect(failedChecks(records)).toEqual([]);
      expect(reportLines(auditOf(records)).join('\n')).toMatch(
        /2 admissions in 1500 ms may be lost, and at least 1 are/,
      );
    });

    test('explains nothing that was answered later than the bound', () => {
      const daemon = limitedDaemon();
      for (const [second, id] of ['b0', 'b1', 'a1', 'a1'].entries()) daemon.admit({ second: second * 6, id });

      expect(failedChecks([daemon.record, failover(1.5)])).toEqual(['request ids']);
      expect(failedChecks([daemon.record, failover(13)])).toEqual([]);
    });

    test('explains no loss of a policy that waited for each replica', () => {
      const record = daemonThatLost();
      Object.assign(lineOf(record, { kind: 'policy', policy: 'connection' }), { waitReplicas: 1 });

      expect(failedChecks([record, failover(1.5)])).toEqual(['windows', 'request ids']);
      expect(failedChecks([record, failover(1.5, { replicas: 2 })])).toEqual([]);
    });

    test('of one database explains no loss in the other', () => {
      expect(failedChecks([daemonThatLost(), failover(1.5, { databases: ['admissions'] })])).toEqual([]);
      expect(failedChecks([daemonThatLost(), failover(1.5, { databases: ['calls'] })])).toEqual([
        'windows',
        'request ids',
      ]);
    });

    test('that is given with the settings counts like one in the record', () => {
      const files = [daemonThatLost()].map(({ name, lines }) => ({ name, text: textOf(lines) }));
      const given = { fact: 'failover', fromUs: START_US, boundUs: 1.5 * S, replicas: 1 } as const;

      expect(violationCount(audit(parseRecord(files), { ...SETTINGS, failovers: [given] }))).toBe(0);
      expect(violationCount(audit(parseRecord(files), SETTINGS))).toBeGreaterThan(0);
    });
  });

  describe('a failover that daemons have noticed', () => {
    const replaced = { fact: 'master_replaced', from: '10.0.0.1:6379', to: '10.0.0.2:6379', partitions: 3 };

    /** The record of a daemon that has noticed it; in both databases unless given. */
    function noticedBy(daemon: string, second: number, databases = ['admissions', 'calls']): MadeRecord {
      const record = makeRecord(daemon);
      for (const database of databases) record.add('fact', START_US + second * S, { ...replaced, database });
      return record;
    }

    function daemonThatLost(): MadeRecord {
      const daemon = limitedDaemon();
      for (const [second, id] of ['a1', 'a2', 'a1', 'a3'].entries()) daemon.admit({ second, id });
      return daemon.record;
    }

    /** A call is recorded twice under the same id. */
    function daemonThatLostCall(): MadeRecord {
      const record = makeRecord('1');
      for (const second of [0, 2])
        record.asked(
          START_US + second * S,
          { op: 'call', subject: 'ada', service: 'vente', id: 'c1' },
          { isRecorded: true },
        );
      return record;
    }

    const auditWithin = (records: readonly MadeRecord[], seconds: number) =>
      audit(parseRecord(records.map(({ name, lines }) => ({ name, text: textOf(lines) }))), {
        ...SETTINGS,
        noticedWithinUs: seconds * S,
      });

    test('is reported once, and explains no loss unless it is said within what time they notice one', () => {
      const records = [daemonThatLost(), noticedBy('2', 1.5), noticedBy('3', 2)];

      expect(failedChecks(records)).toEqual(['windows', 'request ids']);
      expect(reportLines(auditOf(records)).join('\n')).toContain(
        '10.0.0.2:6379 has taken the place of 10.0.0.1:6379, the master of 3 partitions of admissions and calls, ' +
          'as 2 processes noticed within 500 ms; it explains no loss of admissions and calls, as its bound is not known',
      );
      expect(reportLines(auditOf(records)).join('\n')).toContain('0 failovers, 1 noticed by processes');
    });

    test('explains what was answered within that time, and nothing before it', () => {
      const records = [daemonThatLost(), noticedBy('2', 1.5)];

      expect(violationCount(auditWithin(records, 1.5))).toBe(0);
      expect(reportLines(auditWithin(records, 1.5)).join('\n')).toMatch(/may be lost, and at least 1 are/);
      expect(reportLines(auditWithin(records, 1.5)).join('\n')).not.toContain('it explains no loss');
      expect(violationCount(auditWithin(records, 0.4))).toBeGreaterThan(0);
    });

    test.each([
      ['admissions', daemonThatLost, 'windows'],
      ['calls', daemonThatLostCall, 'request ids'],
    ])(
      'of the servers of the %s explains a loss there, and none in the other database',
      (database, lost, check) => {
        const other = database === 'calls' ? 'admissions' : 'calls';
        const explained = auditWithin([lost(), noticedBy('2', 1.5, [database])], 1.5);
        const unexplained = auditWithin([lost(), noticedBy('2', 1.5, [other])], 1.5);

        expect(violationCount(explained)).toBe(0);
        expect(reportLines(explained).join('\n')).toMatch(
          new RegExp(
            `3 partitions of ${database}, as 1 processes[^]*${database} in 1500 ms may be lost, and at least 1 are`,
          ),
        );
        expect(unexplained.findings.filter(({ violations }) => violations.length > 0)).toContainEqual(
          expect.objectContaining({ check }),
        );
      },
    );

    test('explains what was answered until the last of them noticed it', () => {
      const [lost, first, last] = [daemonThatLost(), noticedBy('2', 0.5), noticedBy('3', 1.5)];

      expect(violationCount(auditWithin([lost, first, last], 0.5))).toBe(0);
      expect(violationCount(auditWithin([lost, first], 0.5))).toBeGreaterThan(0);
    });

    test('that happens again after a minute is another one, also if other daemons notice that', () => {
      const records = [makeRecord('1'), noticedBy('2', 1), noticedBy('3', 62)];

      expect(reportLines(auditOf(records)).join('\n')).toContain('0 failovers, 2 noticed by processes');
    });

    test('that happens again is another one', () => {
      const records = [noticedBy('2', 1), noticedBy('2', 9), noticedBy('3', 10)];

      expect(reportLines(auditOf(records)).join('\n')).toContain('0 failovers, 2 noticed by processes');
    });

    test('agrees with one that is given', () => {
      const given = factOf({ fact: 'failover', fromUs: START_US, boundUs: 1.5 * S }, 1);
      const report = reportLines(auditOf([daemonThatLost(), noticedBy('2', 2), given])).join('\n');

      expect(report).toContain('1 failovers, 1 noticed by processes');
      expect(report).not.toContain('it explains no loss');
    });
  });

  test('what was answered once it was on disk is not excused by a loss', () => {
    const { record, admit } = recordOf('1');
    for (const [second, id] of ['a1', 'a2', 'a1'].entries())
      admit({ policy: 'kept', subject: 'ada', second, id, answer: 'admitted' });
    const lost = factOf({ fact: 'may_be_lost', fromUs: START_US, toUs: START_US + 1.5 * S }, 1);

    expect(failedChecks([record, lost])).toEqual(['windows', 'request ids']);
  });

  test('every check is failed by one of these, but for those of clock steps and failovers', () => {
    const checks = auditOf(honestRecord()).findings.map(({ check }) => check);

    expect(checks.filter((check) => !TAMPERINGS.some(([, failed]) => failed === check))).toEqual([
      'clock steps',
      'failovers',
    ]);
  });
});
