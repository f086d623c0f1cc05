import { expect, test } from '@jest/globals';
import { parseArguments } from '../../../bench/figures/arguments';
import { FIGURES } from '../../../bench/figures/catalogue';

test('parseArguments: nothing asked for, everything', () => {
  const { figures, hasSite, isQuick, users } = parseArguments([]);
  expect(figures.size).toBe(FIGURES.length);
  expect({ hasSite, isQuick, users }).toEqual({ hasSite: true, isQuick: false, users: 1_000_000 });
});

test('parseArguments: a group, its figures', () => {
  const { figures, hasSite } = parseArguments(['latency', 'workers']);
  expect([...figures]).toEqual(['latency.half', 'workers.cpu']);
  expect(hasSite).toBe(false);
});

test('parseArguments: a figure, that one', () => {
  expect([...parseArguments(['script.denial']).figures]).toEqual(['script.denial']);
});

test('parseArguments: market, the site alone', () => {
  const { figures, hasSite } = parseArguments(['market']);
  expect({ count: figures.size, hasSite }).toEqual({ count: 0, hasSite: true });
});

test('parseArguments: a name that is none, throws with it', () => {
  expect(() => parseArguments(['scripts'])).toThrow('there is no figure called scripts');
});

test('parseArguments: options', () => {
  const args = ['--quick', '--json', 'out.json', '--daemon', 'main.js', '--users', '2000'];
  expect(parseArguments(args)).toMatchObject({
    isQuick: true,
    jsonFile: 'out.json',
    daemon: 'main.js',
    users: 2000,
  });
});

test.each(['999', 'many', '1.5e3.'])('parseArguments: %s users, throws', (users) => {
  expect(() => parseArguments(['--users', users])).toThrow('--users must be a whole number');
});
