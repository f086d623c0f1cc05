import { parseArgs } from 'node:util';
import { MAX_HOUR_COUNT } from '../../daemon/quota/usage';
import { Refusal } from '../console/refusal';

const USAGE = 'Usage: npm run demo -- [--hours 72] [--seed 1]';

/** An hour fewer than are kept, as the last one may end while it is played. */
const MOST_HOURS = MAX_HOUR_COUNT - 1;

/** What the random numbers are made from. */
const LARGEST_SEED = 2 ** 32 - 1;

export interface DemoArguments {
  readonly hours: number;
  readonly seed: number;
}

/** Reads the command line. */
export function parseDemoArguments(args: readonly string[]): DemoArguments {
  const options = {
    hours: { type: 'string', default: '72' },
    seed: { type: 'string', default: '1' },
  } as const;
  try {
    const { values } = parseArgs({ args: [...args], options });
    return {
      hours: wholeNumber({ name: '--hours', text: values.hours, least: 1, most: MOST_HOURS }),
      seed: wholeNumber({ name: '--seed', text: values.seed, least: 0, most: LARGEST_SEED }),
    };
  } catch (error) {
    throw new Refusal(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

function wholeNumber(wish: { name: string; text: string; least: number; most: number }): number {
  const { name, text, least, most } = wish;
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new Refusal(`${name} must be a whole number from ${least} to ${most}; it is ${text}`);
}
