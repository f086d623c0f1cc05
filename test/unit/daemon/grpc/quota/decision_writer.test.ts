import { describe, expect, test } from '@jest/globals';
import { createDecisionWriter } from '../../../../../daemon/grpc/quota/decision_writer';
import { toBatchError, toLimitMessage, toVerdict } from '../../../../../daemon/grpc/quota/reply';
import { durationOfUs } from '../../../../../daemon/grpc/time';
import type { Decision, LimitStatus } from '../../../../../daemon/quota/admission';
import { UnknownPolicy } from '../../../../../daemon/quota/errors';
import { AdmitResponse, BatchAdmitResponse } from '../../../../../gen/quota/v1/quota_service';

const writer = createDecisionWriter();

const LIMIT: LimitStatus = {
  name: 'per-window',
  limit: 10,
  remaining: 3,
  windowUs: 600_000_000,
  resetDelayUs: 599_999_999,
  nextDelayUs: 60_000_000,
  shadow: false,
  shadowDenied: false,
  overridden: false,
};

function decisionOf(fields: Partial<Decision> = {}): Decision {
  return {
    admitted: true,
    isRepeat: false,
    limits: [LIMIT],
    retryDelayUs: undefined,
    decidedUs: 7,
    ...fields,
  };
}

/** The message that the contract has for a decision. */
function messageOf({ admitted, isRepeat, limits, retryDelayUs, degraded = false }: Decision): AdmitResponse {
  return {
    decision: toVerdict(admitted),
    limits: limits.map(toLimitMessage),
    retryDelay: retryDelayUs === undefined ? undefined : durationOfUs(retryDelayUs),
    degraded,
    isRepeat,
  };
}

const CASES: [string, Decision][] = [
  ['an admission', decisionOf()],
  ['a repeat', decisionOf({ isRepeat: true })],
  ['one made without the store', decisionOf({ degraded: true, limits: [] })],
  ['a denial', decisionOf({ admitted: false, retryDelayUs: 59_000_001 })],
  ['a denial with no delay', decisionOf({ admitted: false, retryDelayUs: 0 })],
  ['no limits', decisionOf({ limits: [] })],
  [
    'nothing remaining',
    decisionOf({ limits: [{ ...LIMIT, remaining: 0, nextDelayUs: 0, resetDelayUs: 0 }] }),
  ],
  ['every flag', decisionOf({ limits: [{ ...LIMIT, shadow: true, shadowDenied: true, overridden: true }] })],
  ['a name of other letters than ASCII', decisionOf({ limits: [{ ...LIMIT, name: 'fenêtre-日本' }] })],
  ['the longest name', decisionOf({ limits: [{ ...LIMIT, name: '語'.repeat(63) }] })],
  [
    'the largest numbers',
    decisionOf({
      limits: [
        {
          ...LIMIT,
          limit: Number.MAX_SAFE_INTEGER,
          remaining: 2 ** 32,
          windowUs: Number.MAX_SAFE_INTEGER,
          resetDelayUs: 2 ** 31 * 1_000_000,
        },
      ],
    }),
  ],
];

describe('decision writer', () => {
  test.each(CASES)('%s has the bytes of the generated code', (_, decision) => {
    const expected = Buffer.from(AdmitResponse.encode(messageOf(decision)).finish());

    expect(writer.admitResponse(decision)).toEqual(expected);
  });

  test('a batch has the bytes of the generated code, an error in its place', () => {
    const error = new UnknownPolicy('connexion');
    const decisions = CASES.map(([, decision]) => decision);
    const expected = BatchAdmitResponse.encode({
      results: [
        ...decisions.map((decision) => ({
          result: { $case: 'response' as const, value: messageOf(decision) },
        })),
        toBatchError(error),
      ],
    }).finish();

    expect(writer.batchAdmitResponse([...decisions, error])).toEqual(Buffer.from(expected));
  });

  test.each([1, 2, 3, 5, 8, 40, 400])('%i limits, however long a part becomes', (count) => {
    const decision = decisionOf({ limits: Array.from({ length: count }, () => LIMIT) });
    const expected = BatchAdmitResponse.encode({
      results: [{ result: { $case: 'response', value: messageOf(decision) } }],
    }).finish();

    expect(writer.batchAdmitResponse([decision])).toEqual(Buffer.from(expected));
  });

  test('the largest batch fits, in a buffer that grows', () => {
    const decisions = Array.from({ length: 1000 }, (_, subject) => decisionOf({ decidedUs: subject }));
    const written = writer.batchAdmitResponse(decisions);

    expect(BatchAdmitResponse.decode(written).results).toHaveLength(1000);
  });

  test('an answer is untouched by the next one', () => {
    const first = writer.admitResponse(decisionOf());
    writer.admitResponse(decisionOf({ admitted: false, limits: [] }));

    expect(AdmitResponse.decode(first)).toEqual(messageOf(decisionOf()));
  });
});
