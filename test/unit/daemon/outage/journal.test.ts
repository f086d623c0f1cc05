import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createJournal } from '../../../../daemon/outage/journal';
import { StoreUnavailable } from '../../../../daemon/quota/errors';
import type { AdmittedElsewhere } from '../../../../daemon/quota/store';
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
    async restore(all: readonly AdmittedElsewhere[]) {
      await Promise.resolve();
      if (state.isUnreachable) throw new StoreUnavailable({ cause: new Error('unreachable') });
      written.push(...all.map(({ admission }) => admission.ownId ?? ''));
      return all.map(() => undefined);
    },
  };
}

describe('journal', () => {
  test('the admissions of one subject, written in order and forgotten', async () => {
    const { written, restore } = createStore();
    const journal = createJournal({ restore, logger });
    for (const id of ['1', '2', '3']) journal.add('ada', admitted('ada', id));
    journal.add('bob', admitted('bob', '4'));

    expect(await journal.write('ada')).toBe(true);
    expect([written.slice(0, 3), journal.has('ada')]).toEqual([['1', '2', '3'], false]);
  });

  test('all of them, each once, whoever asks meanwhile', async () => {
    const { written, restore } = createStore();
    const journal = createJournal({ restore, logger });
    const ids = Array.from({ length: 500 }, (_, at) => String(at));
    for (const id of ids) journal.add(`subject-${Number(id) % 7}`, admitted('any', id));
    await Promise.all([journal.writeAll(), journal.write('subject-3'), journal.writeAll()]);

    expect(written.toSorted()).toEqual(ids.toSorted());
    expect(journal.size).toBe(0);
  });

  test('one subject that is asked about, written before all others', async () => {
    const { written, restore } = createStore();
    const journal = createJournal({ restore, logger });
    for (let at = 0; at < 1000; at += 1) journal.add(`other-${at}`, admitted('other', 'other'));
    journal.add('ada', admitted('ada', 'hers'));
    await journal.write('ada');

    expect(written.length).toBeLessThanOrEqual(100);
    expect(written).toContain('hers');
  });

  test('a store that is unreachable, all kept; reachable again, all written', async () => {
    const { written, state, restore } = createStore();
    const journal = createJournal({ restore, logger });
    journal.add('ada', admitted('ada', '1'));
    state.isUnreachable = true;
    expect([await journal.write('ada'), journal.size]).toEqual([false, 1]);
    state.isUnreachable = false;

    expect([await journal.writeAll(), journal.size, written]).toEqual([true, 0, ['1']]);
  });

  test('no room left, the rest dropped and counted', async () => {
    const { written, restore } = createStore();
    const journal = createJournal({ restore, logger, capacity: 2 });
    const kept = ['1', '2', '3', '4'].map((id) => journal.add('ada', admitted('ada', id)));
    await journal.writeAll();

    expect(kept).toEqual([true, true, false, false]);
    expect([written, journal.droppedCount]).toEqual([['1', '2'], 2]);
  });

  test('one that the store cannot take, dropped and counted; the others written', async () => {
    const journal = createJournal({ restore: async () => [new Error('WRONGTYPE'), undefined], logger });
    journal.add('ada', admitted('ada', '1'));
    journal.add('bob', admitted('bob', '2'));
    await journal.writeAll();

    expect([journal.size, journal.droppedCount]).toEqual([0, 1]);
  });
});
