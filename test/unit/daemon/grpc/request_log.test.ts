import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Unauthenticated } from '../../../../daemon/access/errors';
import { createRequestLog } from '../../../../daemon/grpc/request_log';
import type { Admission, Decision } from '../../../../daemon/quota/admission';
import { InvalidRequest, UnknownPolicy } from '../../../../daemon/quota/errors';

const METHOD = '/quota.v1.QuotaService/Admit';
const denial = { admitted: false, limits: [], retryDelayUs: 1_500 } as unknown as Decision;
const admission = (policy: string): Admission => ({
  subject: '192.0.2.7',
  policy,
  cost: 1,
  requestId: undefined,
});

function openLog() {
  let nowMs = 0;
  const text: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => text.push(line) });
  const log = createRequestLog({ logger, hashOf: (subject) => `h${subject.length}`, nowMs: () => nowMs });
  return {
    log,
    text,
    lines: () => text.map((line) => JSON.parse(line) as Record<string, unknown>),
    pass(ms: number) {
      nowMs += ms;
    },
  };
}

describe('createRequestLog', () => {
  test('a denial is one line with the hash of its subject and not the subject', () => {
    const { log, lines, text } = openLog();
    log.denied(admission('login-attempt'), denial, () => 'call-1');

    expect(lines()).toMatchObject([
      {
        msg: 'denied',
        callId: 'call-1',
        subjectHash: 'h9',
        policy: 'login-attempt',
        cost: 1,
        retryDelayMs: 2,
      },
    ]);
    expect(text.join()).not.toContain('192.0.2.7');
  });

  test('a thousand denials of a policy at once are ten lines, and the next says how many were left out', () => {
    const { log, lines, pass } = openLog();
    for (let i = 0; i < 1000; i += 1) log.denied(admission('connection'), denial, () => 'call-1');
    log.denied(admission('service-call'), denial, () => 'call-1');
    pass(1000);
    log.denied(admission('connection'), denial, () => 'call-1');

    expect(lines()).toHaveLength(12);
    expect(lines().map(({ notShown }) => notShown)).toEqual([...Array(11).fill(undefined), 990]);
  });

  test('a thousand bad requests at once are ten lines of each kind', () => {
    const { log, lines } = openLog();
    for (let i = 0; i < 1000; i += 1) {
      log.failed({ method: METHOD, callId: 'call-1', error: new UnknownPolicy(`made-up-${i}`) });
      log.failed({ method: METHOD, callId: 'call-1', error: new InvalidRequest([]) });
    }

    expect(lines()).toHaveLength(20);
  });

  test('an unknown caller is logged with the reason, which the caller does not get', () => {
    const { log, lines } = openLog();
    log.failed({
      method: METHOD,
      callId: 'call-1',
      error: new Unauthenticated('the token is not in the access file'),
      caller: { peer: '192.0.2.7:1234' },
    });

    expect(lines()).toMatchObject([
      {
        msg: 'request rejected',
        reason: 'a valid token or client certificate is needed',
        why: 'the token is not in the access file',
        peer: '192.0.2.7:1234',
      },
    ]);
  });

  test('each administrative change is logged, with the hash of the subject and not the subject', () => {
    const { log, lines, text } = openLog();
    for (let i = 0; i < 20; i += 1)
      log.changed('alice', { change: 'override set', subject: '192.0.2.7', callId: 'call-1', limit: i });

    expect(lines()).toHaveLength(20);
    expect(lines()[7]).toMatchObject({
      msg: 'administrative change',
      by: 'alice',
      change: 'override set',
      subjectHash: 'h9',
      limit: 7,
    });
    expect(text.join()).not.toContain('192.0.2.7');
  });
});
