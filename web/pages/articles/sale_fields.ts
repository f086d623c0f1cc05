import type { MARKET_BOUNDS, ParsedSale } from '../../market/forms';
import type { AnyField } from '../forms/fields';
import type { PageContext } from '../page_context';
import { CATEGORY_NAMES, CONDITION_NAMES, choicesOf } from './labels';

/** The fields of a sale, as they were typed. */
export function saleFields(
  page: PageContext,
  { typed, bounds }: { typed: ParsedSale['typed']; bounds: typeof MARKET_BOUNDS },
): AnyField[] {
  const { t } = page;
  const empty = t('sell.choose');
  return [
    {
      name: 'title',
      label: t('sell.article'),
      value: typed.title,
      hint: t('sell.article.hint'),
      maxlength: bounds.maxTitle,
      autocomplete: 'off',
    },
    {
      name: 'category',
      label: t('market.category'),
      value: typed.category,
      empty,
      choices: choicesOf(CATEGORY_NAMES, page),
    },
    {
      name: 'condition',
      label: t('market.condition'),
      value: typed.condition,
      empty,
      choices: choicesOf(CONDITION_NAMES, page),
    },
    {
      name: 'price',
      label: t('sell.price'),
      value: typed.price,
      hint: t('sell.price.hint'),
      inputmode: 'decimal',
      autocomplete: 'off',
    },
    {
      name: 'description',
      label: t('sell.description'),
      value: typed.description,
      hint: t('sell.description.hint'),
      rows: 5,
      maxlength: bounds.maxDescription,
      isRequired: false,
    },
  ];
}
