import { expect, test } from '@jest/globals';
import { parseArguments } from '../../../bench/figures/arguments';
import { FIGURES } from '../../../bench/figures/catalogue';

test('parseArguments: without arguments, everything is measured', () => {
  const { figures, siteParts, isQuick, users } = parseArguments([]);
  expect(figures.size).toBe(FIGURES.length);
  expect({ siteParts: [...siteParts], isQuick, users }).toEqual({
    siteParts: ['market', 'site'],
    isQuick: false,
    users: 1_000_000,
  });
});

test('parseArguments: a group selects its figures', () => {
  const { figures, siteParts } = parseArguments(['latency', 'workers']);
  expect([...figures]).toEqual(['latency.half', 'workers.cpu']);
  expect([...siteParts]).toEqual([]);
});

test('parseArguments: a figure selects that one', () => {
  expect([...parseArguments(['script.denial']).figures]).toEqual(['script.denial']);
});

test.each(['market', 'site'])('parseArguments: %s selects that part alone', (part) => {
  const { figures, siteParts } = parseArguments([part]);
  expect({ count: figures.size, siteParts: [...siteParts] }).toEqual({ count: 0, siteParts: [part] });
});

test('parseArguments: a name that is none throws with it', () => {
  expect(() => parseArguments(['scripts'])).toThrow('there is no figure called scripts');
});

test('parseArguments: reads its options', () => {
  const args = ['--quick', '--json', 'out.json', '--daemon', 'main.js', '--users', '2000'];
  expect(parseArguments(args)).toMatchObject({
    isQuick: true,
    jsonFile: 'out.json',
    daemon: 'main.js',
    users: 2000,
  });
});

test.each(['0', '1.5', 'many'])('parseArguments: %s rounds throws', (rounds) => {
  expect(() => parseArguments(['--rounds', rounds])).toThrow('--rounds must be a whole number, 1 or more');
});

test('parseArguments: a number of rounds is taken; otherwise each figure has its own', () => {
  expect([parseArguments(['--rounds', '3']), parseArguments([])].map(({ rounds }) => rounds)).toEqual([
    3,
    undefined,
  ]);
});

test.each(['999', 'many', '1.5e3.'])('parseArguments: %s users throws', (users) => {
  expect(() => parseArguments(['--users', users])).toThrow('--users must be a whole number');
});
