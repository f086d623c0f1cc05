import { z } from 'zod';
import { type Faults, fault, faultsByField } from '../forms/faults';
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
import { isSearch, wordsOf } from './words';

/** The size of the column. */
const MAX_TITLE = 120;

/** The size of the column. */
const MAX_DESCRIPTION = 1_000;

/** More than a title holds cannot be in one. */
const MAX_SEARCH = MAX_TITLE;

/** The bounds, as the messages about faults show them; a price is in cents, and formatted for the reader later. */
export const MARKET_BOUNDS = {
  maxTitle: MAX_TITLE,
  maxDescription: MAX_DESCRIPTION,
  maxPriceCents: MAX_PRICE_CENTS,
} as const;

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
    // A title is one line, even if several were pasted.
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
  description: z
    .string()
    .catch('')
    .transform((text) => text.replaceAll(/\r\n?/g, '\n').trim())
    .refine((text) => [...text].length <= MAX_DESCRIPTION, fault('market.fault.description-long')),
});

type SaleField = keyof z.infer<typeof saleForm>;

/** A form as it was typed, to be shown again. */
type Typed<Field extends string> = Record<Field, string>;

export type ParsedSale = {
  typed: Typed<SaleField>;
  /** Empty if there is an article. */
  faults: Faults;
  article: NewArticle | undefined;
};

/** Reads the form of a sale: the article, or all faults of each field. */
export function parseSale(body: unknown): ParsedSale {
  const fields = fieldsOf(body);
  const typed = {
    title: textOf(fields.title),
    category: textOf(fields.category),
    condition: textOf(fields.condition),
    price: textOf(fields.price),
    description: textOf(fields.description),
  };
  const parsed = saleForm.safeParse(fields);
  if (!parsed.success) return { typed, faults: faultsByField(parsed.error), article: undefined };
  const { price: priceCents, ...article } = parsed.data;
  return { typed, faults: {}, article: { ...article, priceCents } };
}

const highestPrice = z.object({ max: price });

export type ParsedSearch = {
  typed: Typed<'q' | 'category' | 'condition' | 'max' | 'sort'>;
  /** Only the words and the highest price can be invalid; an unknown choice of another field filters nothing. */
  faults: Faults;
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
  const parsedMax = max.trim() === '' ? undefined : highestPrice.safeParse({ max });
  // Nothing costs more than the highest price, so a higher one filters nothing, and is no fault.
  const isTooHigh = (parsePrice(max) ?? 0) > MAX_PRICE_CENTS;
  return {
    typed: { q, category: category ?? '', condition: condition ?? '', max, sort },
    faults: {
      ...(isSearch(q) && wordsOf(q).length === 0 && { q: [fault('market.fault.search')] }),
      ...(parsedMax?.error && !isTooHigh && faultsByField(parsedMax.error)),
    },
    list: {
      filters: { category, condition, maxPriceCents: parsedMax?.data?.max, words: q },
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
