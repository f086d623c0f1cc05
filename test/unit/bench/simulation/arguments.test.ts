import { expect, test } from '@jest/globals';
import { parseSimulation } from '../../../bench/simulation/arguments';

test('simulation arguments: none, takes a small site with the traffic of a long time', () => {
  const { site, run } = parseSimulation([]);
  expect(site).toMatchObject({
    masters: 3,
    partitions: 300,
    limit: 10,
    windowMs: 600_000,
    hasDenialCache: true,
  });
  expect(run).toEqual({ seconds: 2, seed: 1, startsEmpty: false });
});

test('simulation arguments: all, are taken', () => {
  const { site, run } = parseSimulation(
    '--masters 100 --daemons 900 --partitions 600 --users 10000000 --exponent 0.9 --calls 1e6 --limit 5 --window 60 --seconds 0.5 --seed 4 --no-cache --empty'.split(
      ' ',
    ),
  );
  expect(site).toMatchObject({
    masters: 100,
    daemons: 900,
    partitions: 600,
    users: { count: 10_000_000, exponent: 0.9 },
    callsPerSecond: 1_000_000,
    limit: 5,
    windowMs: 60_000,
    hasDenialCache: false,
  });
  expect(run).toEqual({ seconds: 0.5, seed: 4, startsEmpty: true });
});

test('simulation arguments: several faults, names each of them', () => {
  const act = () => parseSimulation(['--masters', '0', '--users', '1.5', '--calls', 'many']);
  expect(act).toThrow(
    [
      '--masters must be a whole number from 1 to 1000; it is 0',
      '--users must be a whole number from 1 to 1000000000; it is 1.5',
      '--calls must be a number from 1 to 100000000; it is many',
    ].join('\n'),
  );
});

test('simulation arguments: an unknown one, is named', () => {
  expect(() => parseSimulation(['--nodes', '3'])).toThrow("Unknown option '--nodes'");
});
