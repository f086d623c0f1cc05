import type { MessageKey } from '../../i18n/messages';
import type { Translator } from '../../i18n/translator';
import type { Category, Condition, Sort } from '../../market/article';

const CATEGORIES: Record<Category, MessageKey> = {
  book: 'market.category.book',
  dvd: 'market.category.dvd',
  other: 'market.category.other',
};

const CONDITIONS: Record<Condition, MessageKey> = {
  new: 'market.condition.new',
  very_good: 'market.condition.very-good',
  good: 'market.condition.good',
  fair: 'market.condition.fair',
};

const SORTS: Record<Sort, MessageKey> = { newest: 'market.sort.newest', cheapest: 'market.sort.cheapest' };

/** The choices of the market's forms, each with its text, and the texts by choice. */
export function marketLabels({ t }: Translator) {
  const say = <Choice extends string>(table: Record<Choice, MessageKey>) =>
    Object.fromEntries(Object.entries<MessageKey>(table).map(([choice, key]) => [choice, t(key)]));
  return { categories: say(CATEGORIES), conditions: say(CONDITIONS), sorts: say(SORTS) };
}
