import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { CATEGORIES } from '../../web/market/article';

/** The most frequent visitors first. */
export const HABITS = ['keen', 'regular', 'rare', 'onlooker'] as const;

const account = z.strictObject({
  firstName: z.string(),
  lastName: z.string(),
  email: z.email(),
  role: z.enum(['student', 'staff']),
});

const habit = z.strictObject({
  /** How often somebody comes, beside the others. */
  visits: z.number().positive(),
  /** Of a visit, on average. */
  calls: z.number().min(0),
  /** First and last name. */
  students: z.array(z.string().regex(/^\S+ \S/)),
});

/** Titles, and what a good copy costs in cents. */
const titles = z.record(z.string(), z.int().positive()).transform((prices) => Object.entries(prices));

const data = z.strictObject({
  password: z.string(),
  accounts: z.array(account),
  habits: z.record(z.enum(HABITS), habit),
  articles: z.record(z.enum(CATEGORIES), titles),
});

/** Who plays and what they sell, as `data.yaml` says. */
export const DEMO = data.parse(parse(readFileSync(join(__dirname, 'data.yaml'), 'utf8')));
