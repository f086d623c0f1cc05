import { describe, expect, test } from '@jest/globals';
import { reportLines, violationCount } from '../../../../scripts/audit/report';
import {
  auditOf,
  factOf,
  failedChecks,
  type Line,
  limitedDaemon,
  lineOf,
  S,
} from '../../../helpers/audited_records';
import { START_US } from '../../../helpers/honest_record';
import { type MadeRecord, makeRecord } from '../../../helpers/record_lines';

/** A daemon whose store has forgotten two admissions: one id is charged again, and one more is admitted. */
function daemonThatLost(): MadeRecord {
  const daemon = limitedDaemon();
  for (const [second, id] of ['a1', 'a2', 'a1', 'a3'].entries()) daemon.admit({ second, id });
  return daemon.record;
}

describe('a failover', () => {
  const failover = (bound: number, more: Line = {}) =>
    factOf({ fact: 'failover', fromUs: START_US, boundUs: bound * S, ...more }, 1);

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
    const records = [daemonThatLost()];
    const given = { fact: 'failover', fromUs: START_US, boundUs: 1.5 * S, replicas: 1 } as const;

    expect(violationCount(auditOf(records, { failovers: [given] }))).toBe(0);
    expect(violationCount(auditOf(records))).toBeGreaterThan(0);
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
    auditOf(records, { noticedWithinUs: seconds * S });

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
