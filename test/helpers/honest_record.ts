import { ANSWER_US, type MadeRecord, makeRecord } from './record_lines';

const S = 1_000_000;

/** When the record begins. */
export const START_US = 1_795_000_000 * S;

export const WINDOW_US = 10 * S;

const LIMITS = {
  connection: {
    name: 'per-window',
    algorithm: 'sliding-window',
    limit: 2,
    windowUs: WINDOW_US,
    shadow: false,
  },
  bucket: { name: 'refilling', algorithm: 'token-bucket', limit: 2, windowUs: WINDOW_US, shadow: false },
  kept: { name: 'per-window', algorithm: 'sliding-window', limit: 2, windowUs: WINDOW_US, shadow: false },
} as const;

type PolicyName = keyof typeof LIMITS;

interface Asking {
  readonly second: number;
  readonly policy: PolicyName;
  readonly subject: string;
  readonly id: string;
  readonly answer: 'admitted' | 'denied' | 'repeated' | 'local' | 'unavailable' | 'refunded' | 'none';
  readonly limit?: number;
  /** How far the clock of the store is ahead. */
  readonly shiftUs?: number;
}

interface Restoring {
  readonly second: number;
  readonly id: string;
  /** When it was admitted without the store, in seconds as well. */
  readonly admitted: number;
  readonly subject?: string;
  readonly answer?: Record<string, unknown>;
}

const at = (second: number) => START_US + second * S;

const ERRORS: Partial<Record<Asking['answer'], string>> = {
  unavailable: 'StoreUnavailable',
  refunded: 'RefundedRequest',
};

/** A daemon of a record that is made up, with its policies; what `kept` answers is on disk. */
export function recordOf(daemon: string) {
  const record = makeRecord(daemon);
  record.add('start', at(0), { format: 1 });
  const policies = { connection: 0, bucket: 0, kept: 0 };
  for (const policy of ['connection', 'bucket', 'kept'] as const)
    policies[policy] = record.add('policy', at(0), {
      policy,
      rule: 'local',
      rememberUs: 60 * S,
      recordsConnections: policy === 'connection',
      isDurable: policy === 'kept',
      limits: [LIMITS[policy]],
    });

  function admit({ second, policy, subject, id, answer, limit = 2, shiftUs = 0 }: Asking): void {
    const sent = {
      op: 'admit',
      by: policies[policy],
      policy,
      subject,
      id,
      cost: 1,
      deadlineUs: at(second + 1),
    };
    const decidedUs = at(second) + ANSWER_US / 2 + shiftUs;
    const { name, windowUs, shadow } = LIMITS[policy];
    const limits = [{ name, limit, remaining: 0, windowUs, shadow, overridden: limit !== 2 }];
    const decision = { admitted: answer !== 'denied', isRepeat: answer === 'repeated', decidedUs, limits };
    if (answer === 'none') record.asked(at(second), sent);
    else if (ERRORS[answer]) record.asked(at(second), sent, { error: ERRORS[answer] });
    else record.asked(at(second), sent, { ...decision, ...(answer === 'local' && { degraded: true }) });
  }

  function restore({
    second,
    id,
    admitted,
    subject = 'eve',
    answer = { isRestored: true },
  }: Restoring): void {
    const { connection: by } = policies;
    const admission = { by, policy: 'connection', subject, id, cost: 1 };
    const sent = { op: 'restore', ...admission, admittedUs: at(admitted) + ANSWER_US / 2 };
    record.asked(at(second), sent, answer);
  }

  function refund(second: number, id: string, answer: object): void {
    const sent = { op: 'refund', by: policies.kept, policy: 'kept', subject: 'fay', id };
    record.asked(at(second), sent, { ...answer });
  }
  return { record, admit, restore, refund };
}

/** Two daemons, a client, and the answers to it: every promise is kept. */
export function honestRecord(): MadeRecord[] {
  const [one, two, client] = [recordOf('1'), recordOf('2'), makeRecord('client')];
  decideInTime(one);
  operate(one);
  goThroughOutage(one, two);
  giveBack(one);
  raise(one);
  erase(one);
  const operator = makeRecord('operator');
  operator.add('fact', at(54), { fact: 'erasure_ended', subject: 'hal' });
  one.record.asked(
    at(60),
    { op: 'statistics', topCount: 10, topWindowMs: 3_600_000, leastCount: 10 },
    {
      readTimeMs: at(60) / 1000,
      topUsers: [
        { subject: 'ada', count: 6 },
        { subject: 'eve', count: 3 },
      ],
      leastActiveUsers: [
        { subject: 'hal', count: 0 },
        { subject: 'ada', count: 1 },
      ],
      services: [{ service: 'vente', callCount: 2 }],
    },
  );
  client.add('client', at(1) + 2 * ANSWER_US, {
    op: 'admit',
    subject: 'ada',
    id: 'a1',
    sentUs: at(1) - ANSWER_US,
    deadlineUs: at(2),
    outcome: 'admitted',
  });
  client.add('client', at(43) + 2 * ANSWER_US, {
    op: 'refund',
    subject: 'fay',
    id: 'f1',
    sentUs: at(43) - ANSWER_US,
    deadlineUs: at(44),
    outcome: 'refunded',
  });
  return [one.record, two.record, client, operator];
}

type Daemon = ReturnType<typeof recordOf>;

function decideInTime({ record, admit }: Daemon): void {
  const ada = { policy: 'connection', subject: 'ada' } as const;
  admit({ ...ada, second: 1, id: 'a1', answer: 'admitted' });
  admit({ ...ada, second: 2, id: 'a2', answer: 'admitted' });
  admit({ ...ada, second: 3, id: 'a1', answer: 'repeated' });
  admit({ ...ada, second: 4, id: 'a3', answer: 'denied' });
  // One whose answer was lost, and that a repeat shows to have been taken.
  admit({ ...ada, second: 12, id: 'a4', answer: 'unavailable' });
  admit({ ...ada, second: 13, id: 'a4', answer: 'repeated' });
  admit({ ...ada, second: 14, id: 'a5', answer: 'admitted' });
  admit({ ...ada, second: 15, id: 'a6', answer: 'denied' });
  const bob = { policy: 'bucket', subject: 'bob' } as const;
  admit({ ...bob, second: 1, id: 'b1', answer: 'admitted' });
  admit({ ...bob, second: 2, id: 'b2', answer: 'admitted' });
  admit({ ...bob, second: 3, id: 'b3', answer: 'denied' });
  admit({ ...bob, second: 7, id: 'b3', answer: 'admitted' });
  record.asked(at(8), { op: 'call', subject: 'ada', service: 'vente', id: 'c1' }, { isRecorded: true });
  record.asked(at(9), { op: 'call', subject: 'ada', service: 'vente', id: 'c1' }, { isRecorded: false });
}

function operate({ record, admit }: Daemon): void {
  const ada = { policy: 'connection', subject: 'ada' } as const;
  record.asked(at(16), { op: 'reset', subject: 'ada', policies: ['connection'] }, { resetCount: 1 });
  admit({ ...ada, second: 17, id: 'a7', answer: 'admitted' });
  const target = { subject: 'ada', policy: 'connection', name: 'per-window' };
  record.asked(at(18), { op: 'set_override', ...target, limit: 1 }, { isSet: true });
  admit({ ...ada, second: 19, id: 'a8', answer: 'denied', limit: 1 });
  record.asked(at(20), { op: 'clear_override', ...target }, { isCleared: true });
  admit({ ...ada, second: 21, id: 'a8', answer: 'admitted' });
}

function goThroughOutage({ admit, restore }: Daemon, other: Daemon): void {
  const eve = { policy: 'connection', subject: 'eve' } as const;
  admit({ ...eve, second: 30, id: 'e1', answer: 'local' });
  admit({ ...eve, second: 31, id: 'e2', answer: 'local' });
  other.admit({ ...eve, second: 31.5, id: 'e3', answer: 'local' });
  restore({ second: 33, id: 'e1', admitted: 30 });
  restore({ second: 33.1, id: 'e2', admitted: 31 });
  other.restore({ second: 33.2, id: 'e3', admitted: 31.5 });
  admit({ ...eve, second: 34, id: 'e4', answer: 'denied' });
  other.admit({ ...eve, second: 35, id: 'e5', answer: 'none' });
}

function giveBack({ admit, refund }: Daemon): void {
  const fay = { policy: 'kept', subject: 'fay' } as const;
  admit({ ...fay, second: 40, id: 'f1', answer: 'admitted' });
  admit({ ...fay, second: 41, id: 'f2', answer: 'admitted' });
  admit({ ...fay, second: 42, id: 'f3', answer: 'denied' });
  refund(43, 'f1', { isRefunded: true, cost: 1 });
  refund(43.2, 'f1', { isRefunded: false, cost: 0 });
  refund(43.4, 'f9', { error: 'UnknownRequest' });
  admit({ ...fay, second: 44, id: 'f3', answer: 'admitted' });
  admit({ ...fay, second: 45, id: 'f1', answer: 'refunded' });
}

function raise({ record }: Daemon): void {
  const target = { subject: 'gil', policy: 'kept', name: 'per-window' };
  const raised = { op: 'raise', ...target, configuredLimit: 2, durationUs: 60 * S };
  record.asked(at(46), { ...raised, limit: 4 }, { isSet: true, expireUs: at(106) });
  record.asked(at(47), { ...raised, limit: 3 }, { isSet: false });
}

function erase({ record, admit, restore }: Daemon): void {
  const hal = { policy: 'kept', subject: 'hal' } as const;
  const connected = { policy: 'connection', subject: 'hal' } as const;
  admit({ ...hal, second: 48, id: 'h1', answer: 'admitted' });
  admit({ ...hal, second: 49, id: 'h2', answer: 'admitted' });
  admit({ ...connected, second: 49, id: 'h3', answer: 'admitted' });
  admit({ ...connected, second: 49.5, id: 'h4', answer: 'local' });
  record.asked(at(49.6), { op: 'call', subject: 'hal', service: 'vente', id: 'c2' }, { isRecorded: true });
  record.asked(at(50), { op: 'erase', subject: 'hal' }, {});
  admit({ ...hal, second: 51, id: 'h5', answer: 'admitted' });
  admit({ ...hal, second: 52, id: 'h1', answer: 'admitted' });
  restore({ second: 53, id: 'h4', admitted: 49.5, subject: 'hal', answer: { error: 'SubjectErased' } });
}
