import type { Translator } from '../../i18n/translator';
import type { NewArticle } from '../../market/article';
import { type ParsedSale, parseSale } from '../../market/forms';

type Typing = { article: NewArticle; query: unknown; translator: Translator };

/** An article as its seller would type it; the values in an address were typed before a login interrupted. */
export function typedSale({ article, query, translator }: Typing): ParsedSale['typed'] {
  const { title, category, condition, priceCents, description } = article;
  const price = translator.amount(priceCents);
  const kept = Object.entries(parseSale(query).typed).filter(([, text]) => text !== '');
  return { title, category, condition, price, description, ...Object.fromEntries(kept) };
}

/** Whether an edit changes anything. */
export function hasChanged(article: NewArticle, edited: NewArticle): boolean {
  return (
    article.title !== edited.title ||
    article.category !== edited.category ||
    article.condition !== edited.condition ||
    article.priceCents !== edited.priceCents ||
    article.description !== edited.description
  );
}
