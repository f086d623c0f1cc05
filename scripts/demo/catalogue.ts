import type { Condition, NewArticle } from '../../web/market/article';
import { DEMO } from './data';
import type { Random } from './random';

/** How much of the price of a good one is asked. */
const WORTH: Record<Condition, number> = { new: 1.4, very_good: 1.15, good: 1, fair: 0.65 };

/** Books and films are what the site is known for; good copies what it is full of. */
const CATEGORIES = ['book', 'book', 'book', 'dvd', 'dvd', 'other'] as const;
const CONDITIONS = ['new', 'very_good', 'very_good', 'good', 'good', 'good', 'fair'] as const;

/** People ask for round prices. */
const ROUNDED_TO_CENTS = 50;

/** Something to sell, at what it may well cost. */
export function inventArticle(random: Random): NewArticle {
  const category = random.pick(CATEGORIES);
  const condition = random.pick(CONDITIONS);
  const titles = DEMO.articles[category];
  const [title, cents] = titles[random.between(0, titles.length - 1)] ?? ['', ROUNDED_TO_CENTS];
  const wanted = cents * WORTH[condition] * (0.8 + 0.4 * random.next());
  const priceCents = Math.max(1, Math.round(wanted / ROUNDED_TO_CENTS)) * ROUNDED_TO_CENTS;
  return { title, category, condition, priceCents, description: '' };
}
