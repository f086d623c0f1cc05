import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createJournal } from '../../../../daemon/outage/journal';
import { SubjectErased } from '../../../../daemon/quota/erasing';
import { StoreUnavailable, UnknownRequest } from '../../../../daemon/quota/errors';
import type { AdmittedElsewhere, RefundAsked } from '../../../../daemon/quota/store';
import { policyOf } from '../../../helpers/limit_store';

const policy = policyOf([{ name: 'only', algorithm: 'sliding-window', limit: 5, windowMs: 1000 }]);
const logger = pino({ level: 'silent' });

const admitted = (subject: string, ownId: string): AdmittedElsewhere => ({
  admission: { subject, policy: policy.name, cost: 1, requestId: undefined, ownId },
  policy,
  atUs: 1,
});

/** A store that keeps what is written, and can be unreachable. */
function createStore() {
  const written: string[] = [];
  const state = { isUnreachable: false };
  return {
    written,
    state,
    async refund({ request }: RefundAsked) {
      await Promise.resolve();
      if (state.isUnreachable) throw new StoreUnavailable({ cause: new Error('unreachable') });
      written.push(`refund of ${request.requestId}`);
    },
    async restore(all: readonly AdmittedElsewhere[]) {
      await Promise.resolve();
      if (state.isUnreachable) throw new StoreUnavailable({ cause: new Error('unreachable') });
      written.push(...all.map(({ admission }) => admission.ownId ?? ''));
      return all.map(() => undefined);
    },
  };
}

describe('journal', () => {
  test('the admissions of one subject are written in order and forgotten', async () => {
    const { written, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    for (const id of ['1', '2', '3']) journal.add('ada', admitted('ada', id));
    journal.add('bob', admitted('bob', '4'));

    expect(await journal.write('ada')).toBe(true);
    expect([written.slice(0, 3), journal.has('ada')]).toEqual([['1', '2', '3'], false]);
  });

  test('all of them are written once, with other callers asking meanwhile', async () => {
    const { written, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    const ids = Array.from({ length: 500 }, (_, at) => String(at));
    for (const id of ids) journal.add(`subject-${Number(id) % 7}`, admitted('any', id));
    await Promise.all([journal.writeAll(), journal.write('subject-3'), journal.writeAll()]);

    expect(written.toSorted()).toEqual(ids.toSorted());
    expect(journal.size).toBe(0);
  });

  test('a subject with very many admissions is looked up without going through them', () => {
    let lookedAt = 0;
    const counting = (id: string) => {
      const entry = admitted('ada', id);
      return {
        ...entry,
        get admission() {
          lookedAt += 1;
          return entry.admission;
        },
      };
    };
    const journal = createJournal({ ...createStore(), logger });
    for (let at = 0; at < 1000; at += 1) journal.add('ada', counting(String(at)));
    lookedAt = 0;

    expect(journal.find('ada', '999')).toBeDefined();
    expect(journal.find('ada', 'none')).toBeUndefined();
    expect(lookedAt).toBe(0);
  });

  test('one subject that is asked about is written before all others', async () => {
    const { written, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    for (let at = 0; at < 1000; at += 1) journal.add(`other-${at}`, admitted('other', 'other'));
    journal.add('ada', admitted('ada', 'hers'));
    await journal.write('ada');

    expect(written.length).toBeLessThanOrEqual(100);
    expect(written).toContain('hers');
  });

  test('all is kept if the store is unreachable, and all is written once it is reachable', async () => {
    const { written, state, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    journal.add('ada', admitted('ada', '1'));
    state.isUnreachable = true;
    expect([await journal.write('ada'), journal.size]).toEqual([false, 1]);
    state.isUnreachable = false;

    expect([await journal.writeAll(), journal.size, written]).toEqual([true, 0, ['1']]);
  });

  test('what has no room left is dropped and counted', async () => {
    const { written, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger, capacity: 2 });
    const kept = ['1', '2', '3', '4'].map((id) => journal.add('ada', admitted('ada', id)));
    await journal.writeAll();

    expect(kept).toEqual([true, true, false, false]);
    expect([written, journal.droppedCount]).toEqual([['1', '2'], 2]);
  });

  test('one that the store cannot take is dropped and counted; the others are written', async () => {
    const journal = createJournal({
      ...createStore(),
      restore: async () => [new Error('WRONGTYPE'), undefined],
      logger,
    });
    journal.add('ada', admitted('ada', '1'));
    journal.add('bob', admitted('bob', '2'));
    await journal.writeAll();

    expect([journal.size, journal.droppedCount]).toEqual([0, 1]);
  });

  test('a refund is written after its admission; the subject waits for both', async () => {
    const { written, state, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    journal.add('ada', admitted('ada', '1'));
    journal.refund('ada', { request: { subject: 'ada', policy: policy.name, requestId: '1' }, policy });
    state.isUnreachable = true;
    expect([await journal.write('ada'), journal.has('ada'), journal.size]).toEqual([false, true, 2]);
    expect([journal.isRefunded('ada', '1'), journal.isRefunded('ada', '2')]).toEqual([true, false]);
    state.isUnreachable = false;

    expect([await journal.write('ada'), journal.has('ada'), journal.size]).toEqual([true, false, 0]);
    expect(written).toEqual(['1', 'refund of 1']);
  });

  test('a refund that the store cannot take, dropped; it does not hold up the others', async () => {
    const { written, restore } = createStore();
    const failures = [new UnknownRequest(), new Error('WRONGTYPE')];
    const refund = async ({ request }: RefundAsked) => {
      const failure = failures.shift();
      if (failure) throw failure;
      written.push(`refund of ${request.requestId}`);
    };
    const journal = createJournal({ restore, refund, logger });
    for (const requestId of ['1', '2', '3'])
      journal.refund('ada', { request: { subject: 'ada', policy: policy.name, requestId }, policy });

    expect([await journal.writeAll(), journal.size, written]).toEqual([true, 0, ['refund of 3']]);
  });

  test('what was admitted until its subject was erased is dropped, and what came later is written', async () => {
    const { written, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    journal.add('ada', admitted('ada', '1'));
    journal.refund('ada', { request: { subject: 'ada', policy: policy.name, requestId: '1' }, policy });
    journal.add('ada', { ...admitted('ada', '2'), atUs: 10 });
    journal.add('bob', admitted('bob', '3'));
    journal.dropErased((subject) => (subject === 'ada' ? 5 : undefined));

    expect(journal.size).toBe(2);
    expect([await journal.writeAll(), written, journal.size]).toEqual([true, ['2', '3'], 0]);
  });

  test('a drop while the store writes leaves the size right', async () => {
    const { written, restore, refund } = createStore();
    const journal = createJournal({ restore, refund, logger });
    for (const id of ['1', '2']) journal.add('ada', admitted('ada', id));
    const writing = journal.writeAll();
    journal.dropErased(() => 5);
    journal.add('bob', admitted('bob', '3'));
    await writing;

    expect(await journal.writeAll()).toBe(true);
    expect([written, journal.size]).toEqual([['1', '2', '3'], 0]);
  });

  test('one that the store refuses, as its subject was erased, is neither dropped for a fault nor kept', async () => {
    const { refund } = createStore();
    const journal = createJournal({ restore: async () => [new SubjectErased()], refund, logger });
    journal.add('ada', admitted('ada', '1'));
    await journal.writeAll();

    expect([journal.size, journal.droppedCount]).toEqual([0, 0]);
  });
});
