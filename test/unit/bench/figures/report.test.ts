import { expect, test } from '@jest/globals';
import { judge } from '../../../bench/figures/figure';
import { exitCodeOf, jsonOf, tableOf } from '../../../bench/figures/report';

const spec = { name: 'a.most', title: 'what it costs', unit: 'B', bound: { is: '≤', value: 2 } } as const;
const met = judge(spec, { rounds: [1, 2, 2], parts: { 'daemon µs': [95.24, 90, 120], 'calls/s': [8] } });
const missed = judge({ ...spec, name: 'a.missed' }, { rounds: [3, 4, 5] });
const unmeasured = judge({ ...spec, name: 'a.unmeasured' }, new Error('no workers'));

test('exitCodeOf: every bound met, 0', () => {
  expect(exitCodeOf([met])).toBe(0);
});

test('exitCodeOf: a bound missed, 1', () => {
  expect(exitCodeOf([met, missed])).toBe(1);
});

test('exitCodeOf: a figure with a bound that was not measured, 1', () => {
  expect(exitCodeOf([met, unmeasured])).toBe(1);
});

test('tableOf: shows the median, the spread, the bound and the parts', () => {
  const table = tableOf([met]).join('\n');
  expect(table).toMatch(
    /what it costs +2\.00 B +1\.00 – 2\.00 +≤ 2 B\n +a\.most · daemon µs 95\.2 \(90\.0 – 120\), calls\/s 8\.00/,
  );
  expect(table).toContain('Every bound is met.');
});

test('tableOf: names what was missed, and why it was not measured', () => {
  const table = tableOf([met, missed, unmeasured]).join('\n');
  expect(table).toContain('Missed: a.missed, a.unmeasured');
  expect(table).toContain('not measured: no workers');
});

test('jsonOf: holds the run and every round', () => {
  expect(JSON.parse(jsonOf([missed], { users: 5 }))).toMatchObject({
    users: 5,
    figures: [{ name: 'a.missed', value: 4, rounds: [3, 4, 5], isMet: false }],
  });
});
