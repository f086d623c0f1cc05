import { describe, expect, test } from '@jest/globals';
import type { Admission, Decision } from '../../../../../daemon/quota/admission';
import { DeadlinePassed, StoreUnavailable } from '../../../../../daemon/quota/errors';
import type { Policy } from '../../../../../daemon/quota/policies';
import type { Patience } from '../../../../../daemon/quota/store';
import type { Entry, JoinedReply, Outcome } from '../../../../../daemon/redis/limits/admit';
import { createJoiner, type JoinerOptions } from '../../../../../daemon/redis/limits/joiner';

const policy: Policy = {
  name: 'connection',
  limits: [{ name: 'per-window', algorithm: 'sliding-window', limit: 1000, windowMs: 600_000 }],
  recordsConnections: true,
  onStoreFailure: 'deny',
  rememberMs: 600_000,
};

const decision: Decision = {
  admitted: true,
  isRepeat: false,
  limits: [],
  retryDelayUs: undefined,
  decidedUs: 1,
};
const admitted: Outcome = { decision, knownIds: undefined };

function admissionOf(subject: string, cost = 1) {
  return { subject, policy: policy.name, cost, requestId: undefined };
}

/** A joiner whose store admits everything, unless `answer` says otherwise; and the calls that it was sent. */
function joinerWith(
  options: Partial<JoinerOptions> & { answer?: (entry: Entry, call: number) => Outcome | Error } = {},
) {
  const calls: { partition: number; entries: readonly Entry[] }[] = [];
  const { answer = () => admitted, ...rest } = options;
  const joiner = createJoiner({
    partitionOf: () => 0,
    admitAll: async (partition, entries): Promise<JoinedReply> => {
      calls.push({ partition, entries });
      return { nowUs: 1, outcomes: entries.map((entry) => answer(entry, calls.length)) };
    },
    toStoreUs: (ms) => ms * 1000,
    isJoining: true,
    ...rest,
  });
  /** Asks for one admission. Throws its error. */
  async function admit(admission: Admission, asked: Policy, patience: Patience): Promise<Outcome> {
    const [outcome] = await joiner.admitAll([{ admission, policy: asked }], patience);
    if (outcome === undefined || outcome instanceof Error) throw outcome;
    return outcome;
  }
  return { joiner: { admit, admitAll: joiner.admitAll }, calls };
}

describe('joiner', () => {
  test('admissions of one turn, sent in one call a partition, in order', async () => {
    const { joiner, calls } = joinerWith({ partitionOf: (subject) => Number(subject) % 2 });

    await Promise.all(['1', '2', '3', '4'].map((subject) => joiner.admit(admissionOf(subject), policy, {})));

    const sent = calls.map(({ partition, entries }) => [
      partition,
      ...entries.map((e) => e.admission.subject),
    ]);
    expect(sent).toEqual([
      [1, '1', '3'],
      [0, '2', '4'],
    ]);
  });

  test('an empty batch is answered at once with nothing', async () => {
    const { joiner, calls } = joinerWith();

    expect(await joiner.admitAll([], {})).toEqual([]);
    expect(calls).toEqual([]);
  });

  test('more admissions than a call takes are sent in several', async () => {
    const { joiner, calls } = joinerWith();

    const all = Array.from({ length: 300 }, (_, index) =>
      joiner.admit(admissionOf(String(index)), policy, {}),
    );
    await Promise.all(all);

    const sizes = calls.map(({ entries }) => entries.length);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(300);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(128);
  });

  test('admissions of great cost are joined only as far as Redis can bear them in one call', async () => {
    const { joiner, calls } = joinerWith();

    await Promise.all(
      [1, 2, 3].map((subject) => joiner.admit(admissionOf(String(subject), 900), policy, {})),
    );

    expect(calls.map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  });

  test('admissions that only overrides let through are joined only as far as Redis can bear them', async () => {
    const { joiner, calls } = joinerWith();
    const [window] = policy.limits;
    const small = { ...policy, limits: window === undefined ? [] : [{ ...window, limit: 10 }] };

    await Promise.all([1, 2, 3].map((subject) => joiner.admit(admissionOf(String(subject), 900), small, {})));

    expect(calls.map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  });

  test('joining switched off makes one call an admission', async () => {
    const { joiner, calls } = joinerWith({ isJoining: false });

    await Promise.all([1, 2, 3].map((subject) => joiner.admit(admissionOf(String(subject)), policy, {})));

    expect(calls).toHaveLength(3);
  });

  test('an admission whose caller has given up is not sent', async () => {
    const { joiner, calls } = joinerWith();

    const given = joiner.admit(admissionOf('1'), policy, { isGivenUp: () => true });
    const kept = joiner.admit(admissionOf('2'), policy, { isGivenUp: () => false });

    await expect(given).rejects.toThrow(DeadlinePassed);
    await kept;
    expect(calls.flatMap(({ entries }) => entries.map(({ admission }) => admission.subject))).toEqual(['2']);
  });

  test('an admission whose deadline has passed is not sent', async () => {
    const { joiner, calls } = joinerWith();

    const late = joiner.admit(admissionOf('1'), policy, { deadlineMs: performance.now() - 1 });

    await expect(late).rejects.toThrow(DeadlinePassed);
    expect(calls).toEqual([]);
  });

  test('a deadline is sent by the clock of the store', async () => {
    const { joiner, calls } = joinerWith();
    const deadlineMs = performance.now() + 60_000;

    await joiner.admit(admissionOf('1'), policy, { deadlineMs });

    expect(calls[0]?.entries[0]?.deadlineUs).toBe(deadlineMs * 1000);
  });

  test('an admission that the store finds late is sent once more', async () => {
    const { joiner, calls } = joinerWith({
      answer: (_, call) => (call === 1 ? new DeadlinePassed() : admitted),
    });

    const outcome = await joiner.admit(admissionOf('1'), policy, { deadlineMs: performance.now() + 60_000 });

    expect(outcome).toBe(admitted);
    expect(calls).toHaveLength(2);
  });

  test('an admission that the store finds late twice is late', async () => {
    const { joiner, calls } = joinerWith({ answer: () => new DeadlinePassed() });

    const late = joiner.admit(admissionOf('1'), policy, { deadlineMs: performance.now() + 60_000 });

    await expect(late).rejects.toThrow(DeadlinePassed);
    expect(calls).toHaveLength(2);
  });

  test('a fault of one entry is reported to its caller alone', async () => {
    const fault = new Error('wrong type');
    const { joiner } = joinerWith({
      answer: ({ admission }) => (admission.subject === '2' ? fault : admitted),
    });

    const answers = await Promise.allSettled(
      ['1', '2', '3'].map((subject) => joiner.admit(admissionOf(subject), policy, {})),
    );

    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('a batch over several partitions has its outcomes in the order asked, an error in its place', async () => {
    const fault = new Error('wrong type');
    const decisionOf = (subject: string): Outcome => ({
      decision: { ...decision, decidedUs: Number(subject) },
      knownIds: undefined,
    });
    const { joiner } = joinerWith({
      partitionOf: (subject) => Number(subject) % 2,
      answer: ({ admission: { subject } }) => (subject === '3' ? fault : decisionOf(subject)),
    });

    const outcomes = await joiner.admitAll(
      ['1', '2', '3', '4'].map((subject) => ({ admission: admissionOf(subject), policy })),
      {},
    );

    expect(outcomes).toEqual([decisionOf('1'), decisionOf('2'), fault, decisionOf('4')]);
  });

  test('a call that fails is reported to all of its callers', async () => {
    const failure = new StoreUnavailable({ cause: new Error('gone') });
    const { joiner } = joinerWith({ admitAll: () => Promise.reject(failure) });

    const answers = await Promise.allSettled(
      ['1', '2'].map((subject) => joiner.admit(admissionOf(subject), policy, {})),
    );

    expect(answers).toEqual([
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: failure },
    ]);
  });
});
