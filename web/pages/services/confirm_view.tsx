import type { VNode } from 'preact';
import type { User } from '../../accounts/user';
import type { ArticleDetails } from '../../market/article';
import { articlePath } from '../articles/addresses';
import { Picture } from '../articles/picture';
import { BackLink } from '../back_link';
import { CsrfField } from '../forms/csrf_field';
import { FormIdField } from '../forms/form_id_field';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import { MeterSection } from '../quota/meter';
import type { Meter } from '../quota/read_meter';
import type { Refusal } from '../quota/refusal';
import { RefusalNotice } from '../quota/refusal_notice';

type ConfirmProps = {
  page: PageContext;
  article: ArticleDetails;
  seller: User | undefined;
  meter: Meter | undefined;
  refusal: Refusal | undefined;
  alert: string | undefined;
  formId: string;
};

/** Asks the reader to confirm a purchase. */
export function ConfirmView(props: ConfirmProps): VNode {
  const { page, article, seller, meter, refusal, alert } = props;
  const { t } = page;
  return (
    <>
      <BackLink href={articlePath(article.id)} text={t('confirm.back')} />
      <h1>{t('confirm.title')}</h1>
      {alert && <Notice kind="refused">{alert}</Notice>}
      {refusal && <RefusalNotice page={page} refusal={refusal} enables="buy-submit" />}
      <section class="card offer">
        <Picture category={article.category} />
        <div>
          <h2>
            <bdi>{article.title}</bdi>
          </h2>
          <p class="price">{page.price(article.priceCents)}</p>
          {seller && <p>{t('confirm.text', { name: seller.firstName })}</p>}
          <BuyForm {...props} />
        </div>
      </section>
      <MeterSection page={page} meter={meter} enables="buy-submit" />
    </>
  );
}

function BuyForm({ page, article, formId }: ConfirmProps): VNode {
  const { id, priceCents } = article;
  return (
    <form method="post" action="/services/achat">
      <CsrfField page={page} />
      <FormIdField formId={formId} />
      <input type="hidden" name="article" value={id} />
      {/* So that nobody pays another price than the one shown. */}
      <input type="hidden" name="price" value={priceCents} />
      <p class="actions">
        <button type="submit" id="buy-submit" data-wait={page.t('button.wait')}>
          {page.t('confirm.submit')}
        </button>
        <a class="button quiet" href={articlePath(id)}>
          {page.t('edit.cancel')}
        </a>
      </p>
    </form>
  );
}
