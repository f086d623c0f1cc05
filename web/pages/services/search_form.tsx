import type { VNode } from 'preact';
import type { Faults } from '../../forms/faults';
import type { ParsedSearch } from '../../market/forms';
import { CATEGORY_NAMES, CONDITION_NAMES, choicesOf, SORT_NAMES } from '../articles/labels';
import { type ChoiceField, Select, type TextField, TextInput } from '../forms/field';
import type { PageContext } from '../page_context';
import type { MarketBounds } from './call';

type SearchProps = {
  page: PageContext;
  typed: ParsedSearch['typed'];
  faults: Faults;
  bounds: MarketBounds;
};

/** The search for what is for sale, and the filters, which a phone shows when asked to. */
export function SearchForm(props: SearchProps): VNode {
  const { page, typed, faults, bounds } = props;
  const { t } = page;
  const { q, max, category, condition, sort } = fieldsOf(props);
  const { category: ofCategory, condition: ofCondition, max: upTo } = typed;
  const count = [ofCategory, ofCondition, upTo].filter((text) => text !== '').length;
  return (
    <form
      class="card search"
      method="get"
      action="/services/achat"
      role="search"
      aria-label={t('buy.filters')}
    >
      <div class="search-line">
        <TextInput {...{ page, bounds }} field={q} faults={faults.q} />
        <p>
          <button type="submit">{t('buy.filter')}</button>
        </p>
      </div>
      <details class="filters" open={faults.max !== undefined}>
        <summary>{t('buy.filters.summary', { count })}</summary>
        <div class="fields">
          <Select {...{ page, bounds }} field={category} />
          <Select {...{ page, bounds }} field={condition} />
          <TextInput {...{ page, bounds }} field={max} faults={faults.max} />
          <Select {...{ page, bounds }} field={sort} />
        </div>
      </details>
    </form>
  );
}

type SearchFields = Record<'q' | 'max', TextField> & Record<'category' | 'condition' | 'sort', ChoiceField>;

function fieldsOf({ page, typed, faults, bounds }: SearchProps): SearchFields {
  const { t } = page;
  return {
    q: {
      name: 'q',
      label: t('buy.search'),
      type: 'search',
      value: typed.q,
      maxlength: bounds.maxTitle,
      autocomplete: 'off',
      hasFocus: faults.q !== undefined,
    },
    max: {
      name: 'max',
      label: t('buy.max'),
      value: typed.max,
      inputmode: 'decimal',
      autocomplete: 'off',
      hasFocus: faults.max !== undefined && faults.q === undefined,
    },
    category: {
      name: 'category',
      label: t('market.category'),
      value: typed.category,
      empty: t('buy.any.category'),
      choices: choicesOf(CATEGORY_NAMES, page),
    },
    condition: {
      name: 'condition',
      label: t('market.condition'),
      value: typed.condition,
      empty: t('buy.any.condition'),
      choices: choicesOf(CONDITION_NAMES, page),
    },
    sort: { name: 'sort', label: t('buy.sort'), value: typed.sort, choices: choicesOf(SORT_NAMES, page) },
  };
}
