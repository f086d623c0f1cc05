import type { VNode } from 'preact';
import type { Page } from '../../market/article';
import { ArticleCard } from '../articles/card';
import { Pages } from '../articles/pages';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import { MeterSection } from '../quota/meter';
import type { Meter } from '../quota/read_meter';
import { ServiceLinks } from '../service_links';
import { Time } from '../time';

type Cursors = { mine: string; purchases: string };

type ServicesProps = {
  page: PageContext;
  meter: Meter | undefined;
  /** What the reader has put up for sale, sold ones included. */
  mine: Page;
  purchases: Page;
  /** The current pages of the two lists. */
  cursors: Cursors;
  /** How many articles were sold since the reader last looked. */
  unseenSales: number;
  isWithdrawn: boolean;
};

/** The articles that the reader sells and has bought, and the number of calls left. */
export function ServicesView(props: ServicesProps): VNode {
  const { page, meter, unseenSales, isWithdrawn } = props;
  const { t } = page;
  return (
    <>
      <h1>{t('services.title')}</h1>
      {isWithdrawn && <Notice kind="done">{t('withdraw.done')}</Notice>}
      {unseenSales > 0 && <Notice kind="done">{t('services.new-sales', { count: unseenSales })}</Notice>}
      <MeterSection page={page} meter={meter} />
      <ServiceLinks page={page} />
      <Mine {...props} />
      <Purchases {...props} />
    </>
  );
}

function Mine({ page, mine, cursors }: ServicesProps): VNode {
  const { t } = page;
  return (
    <section aria-labelledby="mine">
      <h2 id="mine">{t('sell.mine')}</h2>
      {mine.articles.length === 0 ? (
        <p>
          {`${t('sell.mine.none')} `}
          <a href="/services/vente">{t('home.sell')}</a>
        </p>
      ) : (
        <>
          <ul class="articles">
            {mine.articles.map((article) => (
              <ArticleCard key={article.id} page={page} article={article} heading="h3">
                <p>
                  <span class={article.sold ? 'badge good' : 'badge'}>
                    {article.sold ? t('sell.sold') : t('sell.for-sale')}
                  </span>
                </p>
              </ArticleCard>
            ))}
          </ul>
          <Pages page={page} list={mine} hrefOf={(mine) => addressOf({ ...cursors, mine })} />
        </>
      )}
    </section>
  );
}

function Purchases({ page, purchases, cursors }: ServicesProps): VNode {
  const { t } = page;
  return (
    <section aria-labelledby="purchases">
      <h2 id="purchases">{t('services.purchases')}</h2>
      {purchases.articles.length === 0 ? (
        <p>
          {`${t('services.purchases.none')} `}
          <a href="/services/achat">{t('home.buy')}</a>
        </p>
      ) : (
        <>
          <ul class="articles">
            {purchases.articles.map((article) => (
              <ArticleCard key={article.id} page={page} article={article} heading="h3">
                {article.sold && (
                  <p class="muted">
                    {`${t('services.bought.on')} `}
                    <Time time={page.moment(article.sold)} />
                  </p>
                )}
              </ArticleCard>
            ))}
          </ul>
          <Pages page={page} list={purchases} hrefOf={(purchases) => addressOf({ ...cursors, purchases })} />
        </>
      )}
    </section>
  );
}

/** The address of this page, with another page of one of its lists. */
function addressOf({ mine, purchases }: Cursors): string {
  const query = new URLSearchParams({ mine, page: purchases });
  for (const [name, value] of [...query]) if (value === '') query.delete(name);
  return `/services?${query}`;
}
