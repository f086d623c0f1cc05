import type { VNode } from 'preact';
import type { Article } from '../../market/article';
import type { Count } from '../../market/listings';
import type { OwnUsage } from '../../quota/client';
import { SERVICES } from '../../quota_names';
import { ArticleCard } from '../articles/card';
import type { PageContext } from '../page_context';
import { MeterSection } from '../quota/meter';
import type { Meter } from '../quota/read_meter';
import { ServiceLinks } from '../service_links';
import { Shelf } from './shelf';
import type { Totals } from './totals';

type HomeProps = {
  page: PageContext;
  /** The newest. */
  articles: readonly Article[];
  forSale: Count;
  /** Undefined if the daemon is unreachable. */
  totals: Totals | undefined;
  own: OwnUsage | undefined;
  meter: Meter | undefined;
};

/** What the site is, what is new, and what happens there. */
export function HomeView({ page, articles, forSale, totals, own, meter }: HomeProps): VNode {
  return (
    <>
      <Hero page={page} />
      {page.user && <MeterSection page={page} meter={meter} />}
      {articles.length > 0 && <Newest page={page} articles={articles} />}
      {page.user && own && <Own page={page} own={own} />}
      <TotalsSection page={page} totals={totals} forSale={forSale} />
    </>
  );
}

function Hero({ page }: { page: PageContext }): VNode {
  const { t, user } = page;
  return (
    <section class="hero">
      <div>
        <h1>{t('home.heading')}</h1>
        <p class="lead">{t('home.lead')}</p>
        {user ? (
          <ServiceLinks page={page} />
        ) : (
          <p class="actions">
            <a class="button" href="/services/achat">
              {t('home.buy')}
            </a>
            <a class="button quiet" href="/login">
              {t('nav.login')}
            </a>
          </p>
        )}
      </div>
      <Shelf />
    </section>
  );
}

function Newest({ page, articles }: Pick<HomeProps, 'page' | 'articles'>): VNode {
  return (
    <section aria-labelledby="newest">
      <h2 id="newest">{page.t('home.newest')}</h2>
      <ul class="articles">
        {articles.map((article) => (
          <ArticleCard key={article.id} page={page} article={article} heading="h3" />
        ))}
      </ul>
    </section>
  );
}

function Own({ page, own }: { page: PageContext; own: OwnUsage }): VNode {
  const { t, number } = page;
  return (
    <section aria-labelledby="own">
      <h2 id="own">{t('home.own')}</h2>
      <dl class="tiles">
        <Tile
          label={t('home.own.connections', { count: own.connectionCount })}
          value={number(own.connectionCount)}
        />
        <Tile label={t('home.own.calls', { count: own.callCount })} value={number(own.callCount)} />
      </dl>
    </section>
  );
}

function TotalsSection({ page, totals, forSale }: Pick<HomeProps, 'page' | 'totals' | 'forSale'>): VNode {
  const { t, number, user } = page;
  const callsOf = (service: string) => totals?.calls.get(service) ?? 0;
  const [sold, bought] = [callsOf(SERVICES.sell), callsOf(SERVICES.buy)];
  const forSaleCount = number(forSale.count);
  return (
    <section aria-labelledby="totals">
      <h2 id="totals">{t('home.totals')}</h2>
      <dl class="tiles">
        <Tile
          label={t('home.totals.for-sale', { count: forSale.count })}
          value={forSale.isMore ? `> ${forSaleCount}` : forSaleCount}
        />
        {totals && (
          <>
            <Tile label={t('home.totals.vente', { count: sold })} value={number(sold)} />
            <Tile label={t('home.totals.achat', { count: bought })} value={number(bought)} />
            <Tile
              label={t('home.totals.connections', { count: totals.connections })}
              value={number(totals.connections)}
            />
          </>
        )}
      </dl>
      {!totals && <p class="notice">{t('home.totals.unknown')}</p>}
      {user?.role === 'staff' && (
        <p>
          <a href="/statistics">{t('home.statistics')}</a>
        </p>
      )}
    </section>
  );
}

function Tile({ label, value }: { label: string; value: string }): VNode {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}
