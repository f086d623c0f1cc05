import { z } from 'zod';
import { parseDurationMs } from './duration';
import { DEFAULT_TOP_WINDOW_MS, MAX_TOP_WINDOW_MS, MAX_WINDOWS, MIN_TOP_WINDOW_MS } from './usage';
import { must } from './yaml_faults';

/** What the statistics count. */
export interface Statistics {
  /** The windows of "the most connected", in the file's order: no other can be asked for. */
  readonly windowsMs: readonly number[];
}

const aWindow = must('a duration from 1m to 31d');
const window = z
  .string(aWindow)
  .refine(isWindow, aWindow)
  .transform((text) => parseDurationMs(text) ?? 0);

function isWindow(text: string): boolean {
  const ms = parseDurationMs(text);
  return ms !== undefined && ms >= MIN_TOP_WINDOW_MS && ms <= MAX_TOP_WINDOW_MS;
}

/** `statistics` of the policies file. */
export const statistics = z
  .strictObject(
    {
      windows: z
        .array(window, must('a list of durations'))
        .max(MAX_WINDOWS, `must hold ${MAX_WINDOWS} windows at most: each costs work for each connection`)
        .refine(
          (all) => all.includes(DEFAULT_TOP_WINDOW_MS),
          'must hold 3d, which Stats counts unless asked otherwise',
        )
        .refine((all) => new Set(all).size === all.length, 'must hold each window once')
        .default([DEFAULT_TOP_WINDOW_MS]),
    },
    must('a map'),
  )
  .default({ windows: [DEFAULT_TOP_WINDOW_MS] });
