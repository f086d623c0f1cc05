import { describe, expect, test } from '@jest/globals';
import { violationCount } from '../../../../scripts/audit/report';
import { auditOf, failedChecks, type Line, lineOf, S } from '../../../helpers/audited_records';
import { honestRecord, START_US } from '../../../helpers/honest_record';
import type { MadeRecord } from '../../../helpers/record_lines';

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
interface Records {
  readonly one: MadeRecord;
  readonly two: MadeRecord;
  readonly client: MadeRecord;
}
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
      'an id that is denied after it was charged',
      'request ids',
      ({ one }) => Object.assign(answerOf(one, 'a1', 1), { admitted: false, isRepeat: false }),
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
      ({ client }) => Object.assign(client.lines[0] ?? {}, { atUs: START_US + 3.2 * S }),
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

describe('a record that was tampered with', () => {
  test.each(TAMPERINGS)('%s is a violation of "%s"', (_, check, tamper) => {
    const records = honestRecord();
    const [one, two, client] = records as [MadeRecord, MadeRecord, MadeRecord];
    tamper({ one, two, client });

    expect(failedChecks(records)).toContain(check);
    expect(violationCount(auditOf(records))).toBeGreaterThan(0);
  });

  test('every check is failed by one of these, but for those of clock steps and failovers', () => {
    const checks = auditOf(honestRecord()).findings.map(({ check }) => check);

    expect(checks.filter((check) => !TAMPERINGS.some(([, failed]) => failed === check))).toEqual([
      'clock steps',
      'failovers',
    ]);
  });
});
