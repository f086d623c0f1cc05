import { z } from 'zod';
import type { MessageKey } from '../i18n/messages';
import {
  CATEGORIES,
  type Category,
  CONDITIONS,
  type Condition,
  type Filters,
  type NewArticle,
  SORTS,
  type Sort,
} from './article';
import { MAX_PRICE_CENTS, parsePrice } from './price';

/** The size of the column. */
const MAX_TITLE = 120;

/** More than a title holds cannot be in one. */
const MAX_SEARCH = MAX_TITLE;

/** What the sentences about faults say of the bounds; a price is in cents, for whoever writes it in the reader's form. */
export const MARKET_BOUNDS = { maxTitle: MAX_TITLE, maxPriceCents: MAX_PRICE_CENTS } as const;

const fault = (key: MessageKey) => key;

const price = z.string(fault('market.fault.price')).transform((text, context) => {
  const cents = parsePrice(text);
  if (cents !== undefined && cents >= 1 && cents <= MAX_PRICE_CENTS) return cents;
  context.addIssue(faultOfPrice(cents));
  return z.NEVER;
});

function faultOfPrice(cents: number | undefined): MessageKey {
  if (cents === undefined) return fault('market.fault.price');
  return cents < 1 ? fault('market.fault.price-low') : fault('market.fault.price-high');
}

const saleForm = z.object({
  title: z
    .string(fault('market.fault.title'))
    // A title is one line, whatever was pasted.
    .transform((text) => text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim())
    .pipe(
      z
        .string()
        .min(1, { error: fault('market.fault.title'), abort: true })
        .refine((text) => [...text].length <= MAX_TITLE, fault('market.fault.title-long'))
        .regex(/[\p{L}\p{N}]/u, fault('market.fault.title-letters')),
    ),
  category: z.enum(CATEGORIES, fault('market.fault.category')),
  condition: z.enum(CONDITIONS, fault('market.fault.condition')),
  price,
});

type SaleField = keyof z.infer<typeof saleForm>;

/** A form as it was typed, to be shown again. */
export type Typed<Field extends string> = Record<Field, string>;

export type Faults<Field extends string> = { [F in Field]?: string[] | undefined };

export type ParsedSale = {
  typed: Typed<SaleField>;
  /** By field, as keys of sentences; empty where there is an article. */
  faults: Faults<SaleField>;
  article: NewArticle | undefined;
};

/** Reads the form of a sale: the article, or all that is wrong with each field. */
export function parseSale(body: unknown): ParsedSale {
  const fields = fieldsOf(body);
  const typed = {
    title: textOf(fields.title),
    category: textOf(fields.category),
    condition: textOf(fields.condition),
    price: textOf(fields.price),
  };
  const parsed = saleForm.safeParse(fields);
  if (!parsed.success) return { typed, faults: z.flattenError(parsed.error).fieldErrors, article: undefined };
  const { title, category, condition, price: priceCents } = parsed.data;
  return { typed, faults: {}, article: { title, category, condition, priceCents } };
}

export type ParsedSearch = {
  typed: Typed<'q' | 'category' | 'condition' | 'max' | 'sort'>;
  /** Only a highest price can be wrong; what else is none of the choices narrows nothing. */
  faults: Faults<'max'>;
  list: { filters: Filters; sort: Sort; cursor: string | undefined };
};

/** Reads the address of a list of articles for sale: `q`, `category`, `condition`, `max`, `sort`, and `page`, the cursor. */
export function parseSearch(query: unknown): ParsedSearch {
  const fields = fieldsOf(query);
  const category = choiceOf<Category>(CATEGORIES, fields.category);
  const condition = choiceOf<Condition>(CONDITIONS, fields.condition);
  const sort = choiceOf<Sort>(SORTS, fields.sort) ?? 'newest';
  const q = textOf(fields.q).slice(0, MAX_SEARCH);
  const max = textOf(fields.max);
  const parsedMax = max.trim() === '' ? undefined : price.safeParse(max);
  // Nothing costs more than the highest price, so a higher one narrows nothing, and is no fault.
  const isTooHigh = (parsePrice(max) ?? 0) > MAX_PRICE_CENTS;
  return {
    typed: { q, category: category ?? '', condition: condition ?? '', max, sort },
    faults:
      parsedMax?.error && !isTooHigh ? { max: parsedMax.error.issues.map(({ message }) => message) } : {},
    list: {
      filters: { category, condition, maxPriceCents: parsedMax?.data, words: q },
      sort,
      cursor: textOf(fields.page),
    },
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return z.record(z.string(), z.unknown()).catch({}).parse(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function choiceOf<Choice extends string>(choices: readonly Choice[], value: unknown): Choice | undefined {
  return choices.find((choice) => choice === value);
}
