import { expect, test } from '@jest/globals';
import { untilFires } from '../../helpers/alerts';

const alert = (part: string) => ({ name: 'QuotaStoreDown', labels: { part, severity: 'page' } });

test('untilFires: waits for the expected labels, whatever else of that name fires first', async () => {
  const answers = [[], [alert('redis_calls')], [alert('redis_calls'), alert('redis_admissions')]];
  const firing = async () => answers.shift() ?? [];
  await untilFires({ part: 'redis_admissions' }, { name: 'QuotaStoreDown', firing });

  expect(answers).toEqual([]);
});

test('untilFires: an alert that does not come is reported with those that did', async () => {
  const firing = async () => [alert('redis_calls')];
  const waiting = untilFires({ part: 'redis_admissions' }, { name: 'QuotaStoreDown', firing, boundMs: 0 });

  await expect(waiting).rejects.toThrow(
    /QuotaStoreDown to fire with {"part":"redis_admissions"}.*"part":"redis_calls"/,
  );
});
