import { expect, test } from '@jest/globals';
import { parseSimulation } from '../../../bench/simulation/arguments';
import { simulationLines } from '../../../bench/simulation/report';

test('simulation report: shows the busiest master and daemon beside the mean, a second', () => {
  const { site, run } = parseSimulation(['--masters', '2', '--daemons', '2', '--seconds', '2']);
  const lines = simulationLines(site, run, {
    calls: 10_000,
    admitted: 4_000,
    denied: 6_000,
    deniedByCache: 2_000,
    decidedBy: [5_000, 3_000],
    callsTo: [2_500, 1_500],
    daemonCalls: [4_000, 6_000],
    hottest: { calls: 400, decided: 16 },
  });
  const shown = Object.fromEntries(lines.map((line) => line.split(/ {2,}/)));
  expect(shown).toMatchObject({
    'calls a second': '5,000',
    admitted: '40.0 %',
    denied: '60.0 %',
    'denied by daemons, without Redis': '20.0 %',
    'decided by Redis, a second': '4,000 (80.0 %)',
    'of each of 2 masters, a second': '2,000, the busiest 2,500 (1.25 times)',
    'admissions in a joined call': '2.00',
    'calls of each of 2 daemons, a second': '2,500, the busiest 3,000 (1.20 times)',
    'calls of the most active user, a second': '200',
    'of these decided by Redis, a second': '8',
  });
});
