import type { VNode } from 'preact';
import type { ArticleDetails } from '../../market/article';
import { CsrfField } from '../forms/csrf_field';
import type { PageContext } from '../page_context';
import { buyPath, editPath, withdrawPath } from './addresses';
import type { Relation } from './parties';

type ActionsProps = { page: PageContext; article: ArticleDetails; relation: Relation };

/** What a reader can do with an article. */
export function Actions({ page, article, relation }: ActionsProps): VNode {
  const { t } = page;
  if (article.sold) {
    return (
      <p>
        <span class="badge good">{t('sell.sold')}</span>
      </p>
    );
  }
  if (relation === 'seller') return <SellerActions page={page} article={article} />;
  return (
    <p class="actions">
      <a class="button" href={buyPath(article.id)}>
        {t('buy.submit')}
      </a>
    </p>
  );
}

function SellerActions({ page, article: { id } }: Omit<ActionsProps, 'relation'>): VNode {
  const { t } = page;
  return (
    <>
      <p class="actions">
        <a class="button" href={editPath(id)}>
          {t('edit.link')}
        </a>
      </p>
      <details class="withdraw">
        <summary>{t('withdraw.title')}</summary>
        <form method="post" action={withdrawPath(id)}>
          <CsrfField page={page} />
          <p>{t('withdraw.text')}</p>
          <p>
            <button class="danger" type="submit">
              {t('withdraw.submit')}
            </button>
          </p>
        </form>
      </details>
    </>
  );
}
