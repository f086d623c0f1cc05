import type { MessageKey } from '../../i18n/messages';
import type { Translator } from '../../i18n/translator';
import type { Category, Condition, Sort } from '../../market/article';

export const CATEGORY_NAMES: Record<Category, MessageKey> = {
  book: 'market.category.book',
  dvd: 'market.category.dvd',
  other: 'market.category.other',
};

export const CONDITION_NAMES: Record<Condition, MessageKey> = {
  new: 'market.condition.new',
  very_good: 'market.condition.very-good',
  good: 'market.condition.good',
  fair: 'market.condition.fair',
};

export const SORT_NAMES: Record<Sort, MessageKey> = {
  newest: 'market.sort.newest',
  cheapest: 'market.sort.cheapest',
};

/** The choices of a field of a form, each with its text. */
export function choicesOf<Choice extends string>(
  names: Record<Choice, MessageKey>,
  { t }: Translator,
): (readonly [string, string])[] {
  return Object.entries<MessageKey>(names).map(([choice, key]) => [choice, t(key)]);
}
