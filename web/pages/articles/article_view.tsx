import type { VNode } from 'preact';
import type { ArticleDetails } from '../../market/article';
import { BackLink } from '../back_link';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import { Time } from '../time';
import { Actions } from './actions';
import { Contact } from './contact';
import { CATEGORY_NAMES, CONDITION_NAMES } from './labels';
import type { Parties } from './parties';
import { Picture } from './picture';

type ArticleProps = Parties & {
  page: PageContext;
  article: ArticleDetails;
  /** What has just been done. */
  done: string | undefined;
  /** What could not be done. */
  alert: string | undefined;
};

/** An article by itself: what it is, and what its reader can do with it. */
export function ArticleView({ page, article, relation, seller, buyer, done, alert }: ArticleProps): VNode {
  const { t } = page;
  const { title, priceCents, description, category } = article;
  const isTheirs = relation !== 'other';
  return (
    <>
      <BackLink
        href={isTheirs ? '/services' : '/services/achat'}
        text={isTheirs ? t('nav.mine') : t('article.back')}
      />
      {done && <Notice kind="done">{done}</Notice>}
      {alert && <Notice kind="refused">{alert}</Notice>}
      <article class="card offer">
        <Picture category={category} />
        <div>
          <h1>
            <bdi>{title}</bdi>
          </h1>
          <p class="price">{page.price(priceCents)}</p>
          <Facts page={page} article={article} sellerName={seller?.firstName} />
          {description !== '' && <p class="description">{description}</p>}
          <Actions page={page} article={article} relation={relation} />
        </div>
      </article>
      <Contact {...{ page, article, relation, seller, buyer }} />
    </>
  );
}

type FactsProps = Pick<ArticleProps, 'page' | 'article'> & { sellerName: string | undefined };

function Facts({ page, article, sellerName }: FactsProps): VNode {
  const { t } = page;
  const facts: [string, VNode | string][] = [
    [t('market.category'), t(CATEGORY_NAMES[article.category])],
    [t('market.condition'), t(CONDITION_NAMES[article.condition])],
    [t('article.seller'), sellerName ?? t('article.seller.deleted')],
    [t('article.listed'), <Time time={page.moment(article.created)} />],
  ];
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
