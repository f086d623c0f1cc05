import { parseArgs } from 'node:util';
import { MEASURED_TURN } from './measured';
import type { SimulatedRun, SimulatedSite } from './simulate';

/** Each number on the command line: its default, its bounds, and what it is. */
const NUMBERS = {
  masters: { initial: 3, least: 1, most: 1_000, isWhole: true, text: 'masters of the Cluster' },
  daemons: { initial: 3, least: 1, most: 10_000, isWhole: true, text: 'daemons' },
  partitions: { initial: 300, least: 1, most: 1_024, isWhole: true, text: 'partitions' },
  users: { initial: 100_000, least: 1, most: 1e9, isWhole: true, text: 'users' },
  exponent: { initial: 1, least: 0, most: 5, isWhole: false, text: "of Zipf's law; 0: all users call alike" },
  calls: { initial: 3_000, least: 1, most: 1e8, isWhole: false, text: 'calls a second, of all users' },
  limit: { initial: 10, least: 1, most: 1_000, isWhole: true, text: 'calls of a user in any window' },
  window: { initial: 600, least: 1, most: 2_678_400, isWhole: false, text: 'the window, in seconds' },
  seconds: { initial: 2, least: 0.01, most: 3_600, isWhole: false, text: 'that are simulated' },
  seed: { initial: 1, least: 0, most: 0xffffffff, isWhole: true, text: 'the same seed, the same result' },
} as const;

type NumberName = keyof typeof NUMBERS;

const OPTIONS = {
  ...(Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, { type: 'string' }])) as Record<
    NumberName,
    { type: 'string' }
  >),
  'no-cache': { type: 'boolean', default: false },
  empty: { type: 'boolean', default: false },
} as const;

export const SIMULATE_USAGE = `Usage: npm run simulate -- [--NAME VALUE…] [--no-cache] [--empty]
${Object.entries(NUMBERS)
  .map(([name, { initial, text }]) => `  --${`${name} ${initial}`.padEnd(20)}${text}`)
  .join('\n')}
  --no-cache            daemons remember no denial
  --empty               begins with an empty store, not as if these calls had always come`;

/** Reads the command line. Throws an error that lists each fault. */
export function parseSimulation(args: readonly string[]): { site: SimulatedSite; run: SimulatedRun } {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const numbers = Object.fromEntries(
    Object.entries(NUMBERS).map(([name, { initial }]) => [
      name,
      Number(values[name as NumberName] ?? initial),
    ]),
  ) as Record<NumberName, number>;
  const faults = Object.entries(NUMBERS).flatMap(([name, { least, most, isWhole }]) => {
    const value = numbers[name as NumberName];
    const isValid = value >= least && value <= most && (!isWhole || Number.isInteger(value));
    const kind = isWhole ? 'a whole number' : 'a number';
    return isValid
      ? []
      : [`--${name} must be ${kind} from ${least} to ${most}; it is ${values[name as NumberName]}`];
  });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  const { masters, daemons, partitions, users, exponent, calls, limit, window, seconds, seed } = numbers;
  return {
    site: {
      masters,
      daemons,
      partitions,
      users: { count: users, exponent },
      callsPerSecond: calls,
      limit,
      windowMs: window * 1_000,
      turn: MEASURED_TURN,
      hasDenialCache: !values['no-cache'],
    },
    run: { seconds, seed, startsEmpty: values.empty },
  };
}
