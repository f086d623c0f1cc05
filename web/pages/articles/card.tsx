import type { ComponentChildren, VNode } from 'preact';
import type { Article } from '../../market/article';
import type { PageContext } from '../page_context';
import { articlePath } from './addresses';
import { CATEGORY_NAMES, CONDITION_NAMES } from './labels';
import { Picture } from './picture';

type CardProps = {
  page: PageContext;
  article: Article;
  /** The level that follows the heading of the list. */
  heading: 'h2' | 'h3';
  /** What stands beside the price. */
  children?: ComponentChildren;
};

/** One article in a list, with the way to its own page. */
export function ArticleCard({ page, article, heading: Heading, children }: CardProps): VNode {
  const { id, title, category, condition, priceCents } = article;
  return (
    <li class="article">
      <Picture category={category} />
      <Heading>
        <a class="article-link" href={articlePath(id)}>
          <bdi>{title}</bdi>
        </a>
      </Heading>
      <p class="muted">{`${page.t(CATEGORY_NAMES[category])} · ${page.t(CONDITION_NAMES[condition])}`}</p>
      <div class="article-deal">
        <p class="price">{page.price(priceCents)}</p>
        {children}
      </div>
    </li>
  );
}
