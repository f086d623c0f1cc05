import { policyOf } from '../limit_store';
import type { Bench, Part } from './battery';
import { ask, bucket, single, WINDOW_MS } from './policies';

const SECOND_US = 1_000_000;

/** Seven and three tokens have the same units, seven and four do not. */
const policy = policyOf([bucket(7)], { name: 'lowered', rememberMs: WINDOW_MS });

/** What happens to one subject's bucket. */
function subjectOf({ store, ask: call, look, nowUs }: Bench, subject: string) {
  const target = { subject, policy: policy.name, limitName: 'b' };
  const asked = (name: string, cost = 1) => ask(policy, `${subject}-${name}`, { subject, cost });
  return {
    override: (limit: number) => store.override({ ...target, limit }),
    clear: () => store.clear(target),
    read: () => store.read(subject, policy),
    async take(name: string, cost = 1) {
      await call(asked(name, cost));
      await look();
    },
    async refund(name: string) {
      const { requestId = '' } = asked(name);
      await store.refund({ policy, subject, requestId });
      await look();
    },
    async restore(name: string, agoUs: number) {
      await store.restore([{ ...asked(name), atUs: nowUs - agoUs }]);
      await look();
    },
  };
}

/** A bucket that overrides lower: to one size and to another, and whole again, each with what it has taken. */
export const loweredBuckets: Part = async (bench) => {
  const { pass } = bench;
  const { override, clear, read, take } = subjectOf(bench, 'ada');
  await take('before', 5);
  await pass(30 * SECOND_US);
  await override(3);
  await read();
  await pass(40 * SECOND_US);
  await take('under');
  await pass(5 * SECOND_US);
  await take('again');
  await override(4);
  await read();
  await clear();
  await read();
  await override(2);
  await read();
  await clear();
  await take('after');
};

/** Refunds under an override, of what was taken before it, with it and under it, to the microsecond. */
export const loweredRefunds: Part = async (bench) => {
  const { pass } = bench;
  const bob = subjectOf(bench, 'bob');
  await bob.take('before', 5);
  await pass(70 * SECOND_US);
  await bob.override(3);
  await bob.take('first');
  await bob.refund('first');
  await pass(1);
  await bob.take('second');
  await bob.refund('second');
  await bob.override(0);
  await bob.refund('before');
  const eve = subjectOf(bench, 'eve');
  await eve.take('kept');
  await pass(1);
  await eve.take('given');
  await eve.override(4);
  await pass(1);
  await eve.refund('given');
  // The whole bucket has refilled since, the lowered one has not.
  const gus = subjectOf(bench, 'gus');
  await gus.take('one');
  await pass(20 * SECOND_US);
  await gus.override(3);
  await gus.refund('one');
};

/** Admissions of an outage, written into a bucket that is lowered, was lowered, or has no token at all; one given back. */
export const loweredRestores: Part = async (bench) => {
  const { pass } = bench;
  for (const [name, before, size] of [
    ['ada', 1, 3],
    ['bob', 0, 3],
    ['eve', 0, 0],
  ] as const) {
    const { override, clear, read, take, refund, restore } = subjectOf(bench, name);
    if (before > 0) await take('before', before);
    await pass(SECOND_US);
    await override(size);
    await restore('lowered', SECOND_US / 2);
    await pass(SECOND_US);
    await restore('more', SECOND_US / 2);
    await refund('lowered');
    await clear();
    await restore('whole', SECOND_US / 2);
    await read();
  }
};

/** The largest cost that a set can hold, and one more. */
export const restoredCosts: Part = async ({ store, nowUs }) => {
  const costs = [1000, 1001];
  await store.restore(
    costs.map((cost) => ({ ...ask(single, `cost-${cost}`, { subject: `of-${cost}`, cost }), atUs: nowUs })),
  );
};
