import { z } from 'zod';
import { type Faults, fault, faultsByField } from '../../forms/faults';
import type { Quota, RaiseBound } from '../../quota/client';

const HOUR_MS = 3_600_000;

/** The choices of the form, within the bound. */
const OFFERED_HOURS = [1, 8, 24, 72, 168];

/** How many hours a limit can be raised for: those offered within the bound, or else the bound itself. */
export function offeredHours({ durationMs }: RaiseBound): number[] {
  const within = OFFERED_HOURS.filter((hours) => hours * HOUR_MS <= durationMs);
  return within.length > 0 ? within : [durationMs / HOUR_MS];
}

export type RaiseBounds = { least: number; most: number };

/** The sizes to which a limit can be raised, if they are more than it has now. */
export function raiseBounds(current: number, { limit }: RaiseBound): RaiseBounds {
  return { least: current + 1, most: limit };
}

/** The limit that a form names, if it can be raised. */
export function findRaisable(quotas: readonly Quota[], body: unknown) {
  const form = z.object({ policy: z.string(), limit: z.string() }).safeParse(body).data;
  const quota = quotas.find(({ policy }) => policy === form?.policy);
  const limit = quota?.limits.find(({ name }) => name === form?.limit);
  const bound = limit && quota?.raises[limit.name];
  return quota && limit && bound ? { policy: quota.policy, limit, bound } : undefined;
}

/** A form as typed. */
export type TypedRaise = { size: string; hours: string };

export type ParsedRaise = {
  typed: TypedRaise;
  faults: Faults;
  raise: { limit: number; durationMs: number } | undefined;
};

/** Reads the form that raises a limit. */
export function parseRaise(
  body: unknown,
  { current, bound }: { current: number; bound: RaiseBound },
): ParsedRaise {
  const fields = z.record(z.string(), z.unknown()).catch({}).parse(body);
  const textOf = (value: unknown) => (typeof value === 'string' ? value : '');
  const typed = { size: textOf(fields.size), hours: textOf(fields.hours) };
  const { least, most } = raiseBounds(current, bound);
  const form = z.object({
    size: z
      .string()
      .regex(/^\s*\d{1,10}\s*$/, fault('students.raise.fault.size'))
      .transform(Number)
      .refine((size) => size >= least && size <= most, fault('students.raise.fault.size')),
    hours: z
      .string()
      .transform(Number)
      .refine((hours) => offeredHours(bound).includes(hours), fault('students.raise.fault.hours')),
  });
  const parsed = form.safeParse(typed);
  if (!parsed.success) return { typed, faults: faultsByField(parsed.error), raise: undefined };
  const { size, hours } = parsed.data;
  return { typed, faults: {}, raise: { limit: size, durationMs: hours * HOUR_MS } };
}
