import { z } from 'zod';
import { type Faults, faultsByField } from '../../forms/faults';

/** What was typed, by field. */
export type Typed = Record<string, string | undefined>;

/** A form as it was sent, to show again. */
export type FormState = { typed: Typed; faults: Faults };

export type Parsed<T> = { form: T } | (FormState & { form: undefined });

const typedFields = z.record(z.string(), z.string().optional().catch(undefined)).catch({});

/** Reads a form, or returns the fault of each field, with what was typed there. */
export function parseForm<T>(schema: z.ZodType<T>, body: unknown): Parsed<T> {
  const typed = typedFields.parse(body);
  const parsed = schema.safeParse(typed);
  if (parsed.success) return { form: parsed.data };
  return { form: undefined, typed, faults: faultsByField(parsed.error) };
}
