import type { VNode } from 'preact';
import type { User } from '../../accounts/user';
import type { Faults } from '../../forms/faults';
import type { Page } from '../../market/article';
import type { ParsedSearch } from '../../market/forms';
import type { Count } from '../../market/listings';
import { ArticleCard } from '../articles/card';
import { Pages } from '../articles/pages';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import type { MarketBounds } from './call';
import { SearchForm } from './search_form';

/** What a search has found. */
export type Found = { list: Page; count: Count };

type BuyProps = {
  page: PageContext;
  /** Undefined for a visitor. */
  user: User | undefined;
  /** Undefined if the search has faults. */
  found: Found | undefined;
  /** Why an article was not bought. */
  alert: string | undefined;
  typed: ParsedSearch['typed'];
  faults: Faults;
  bounds: MarketBounds;
  hrefOf: (cursor: string) => string;
};

/** What is for sale. */
export function BuyView(props: BuyProps): VNode {
  const { page, found, alert } = props;
  const { t } = page;
  return (
    <>
      <h1>{t('buy.title')}</h1>
      {alert && <Notice kind="refused">{alert}</Notice>}
      <SearchForm {...props} />
      {found && <Results {...props} found={found} />}
    </>
  );
}

type ResultsProps = BuyProps & { found: Found };

function Results(props: ResultsProps): VNode {
  const { page, found } = props;
  const { list, count } = found;
  return (
    <>
      <p class="muted" role="status">
        {page.t('buy.count', { count: count.count, more: count.isMore ? 'yes' : 'no' })}
      </p>
      {list.articles.length > 0 ? <List {...props} /> : <NothingFound {...props} />}
    </>
  );
}

function List({ page, user, found: { list }, hrefOf }: ResultsProps): VNode {
  return (
    <>
      <ul class="articles">
        {list.articles.map((article) => (
          <ArticleCard key={article.id} page={page} article={article} heading="h2">
            {article.sellerId === user?.id && (
              <p>
                <span class="badge">{page.t('buy.yours')}</span>
              </p>
            )}
          </ArticleCard>
        ))}
      </ul>
      <Pages page={page} list={list} hrefOf={hrefOf} />
    </>
  );
}

/** What to do next if no article is listed. */
function NothingFound({ page: { t }, typed }: BuyProps): VNode {
  const { sort: _, ...filters } = typed;
  const isNarrowed = Object.values(filters).some((text) => text !== '');
  return (
    <div class="card empty">
      <p>{isNarrowed ? t('buy.none.narrowed') : t('buy.none')}</p>
      <p class="actions">
        {isNarrowed && (
          <a class="button" href="/services/achat">
            {t('buy.none.all')}
          </a>
        )}
        <a class={isNarrowed ? 'button quiet' : 'button'} href="/services/vente">
          {t('home.sell')}
        </a>
      </p>
    </div>
  );
}
