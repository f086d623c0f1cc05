import { z } from 'zod';
import { algorithmOf } from './algorithms/registry';
import { parseDurationMs } from './duration';
import { aLimitSize, isLimitSize } from './limit_size';
import { type Bounded, boundFaults } from './policy_bounds';
import { DEFAULT_RAISE_MS, MAX_RAISE_MS, MIN_RAISE_MS, type RaiseBound } from './raises';
import { must, type PathFault } from './yaml_faults';

const aRaiseTime = must('a duration from 1m to 7d');
/** How far a limit may be raised, as the policies file writes it. */
export const raise = z
  .strictObject(
    {
      limit: z.number(aLimitSize).refine(isLimitSize, aLimitSize),
      for: z.string(aRaiseTime).refine(isRaiseTime, aRaiseTime).optional(),
    },
    must('a map'),
  )
  .transform(
    (raw): RaiseBound => ({
      limit: raw.limit,
      durationMs: parseDurationMs(raw.for ?? '') ?? DEFAULT_RAISE_MS,
    }),
  );

function isRaiseTime(text: string): boolean {
  const ms = parseDurationMs(text);
  return ms !== undefined && ms >= MIN_RAISE_MS && ms <= MAX_RAISE_MS;
}

/** A policy of the file, and its position there. */
interface Raised extends Bounded {
  /** By the limit's name. */
  readonly raises?: Readonly<Record<string, RaiseBound>>;
  readonly path: readonly PropertyKey[];
}

/** Why limits cannot be raised so far. */
export function raiseFaults({ limits, raises = {}, rememberMs, path }: Raised): PathFault[] {
  return Object.entries(raises).flatMap(([limitName, { limit: size }]) => {
    const at = [...path, 'raises', limitName];
    const raised = limits.find(({ name }) => name === limitName);
    if (raised === undefined) return [{ path: at, message: 'is not the name of a limit of this policy' }];
    if (size <= raised.limit)
      return [{ path: [...at, 'limit'], message: `must be above the limit itself, ${raised.limit}` }];
    const largest = { ...raised, limit: size };
    const all = limits.map((each) => (each === raised ? largest : each));
    const faults = [algorithmOf(largest).countingFault(largest), ...boundFaults({ limits: all, rememberMs })];
    return faults
      .filter((message) => message !== undefined)
      .map((message) => ({ path: [...at, 'limit'], message }));
  });
}
