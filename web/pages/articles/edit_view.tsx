import type { VNode } from 'preact';
import type { Faults } from '../../forms/faults';
import type { ArticleDetails } from '../../market/article';
import type { ParsedSale } from '../../market/forms';
import { BackLink } from '../back_link';
import { CsrfField } from '../forms/csrf_field';
import { Fields } from '../forms/fields';
import { FormIdField } from '../forms/form_id_field';
import type { PageContext } from '../page_context';
import { MeterSection } from '../quota/meter';
import type { Meter } from '../quota/read_meter';
import type { Refusal } from '../quota/refusal';
import { RefusalNotice } from '../quota/refusal_notice';
import type { MarketBounds } from '../services/call';
import { articlePath, editPath } from './addresses';
import { saleFields } from './sale_fields';

type EditProps = {
  page: PageContext;
  meter: Meter | undefined;
  article: ArticleDetails;
  refusal: Refusal | undefined;
  typed: ParsedSale['typed'];
  faults: Faults;
  bounds: MarketBounds;
  formId: string;
};

/** The form that changes an article. */
export function EditView(props: EditProps): VNode {
  const { page, meter, article, refusal, typed, faults, bounds, formId } = props;
  const { t } = page;
  return (
    <>
      <BackLink href={articlePath(article.id)} text={article.title} />
      <h1>{t('edit.title')}</h1>
      {refusal && <RefusalNotice page={page} refusal={refusal} enables="edit-submit" />}
      <MeterSection page={page} meter={meter} enables="edit-submit" />
      <form class="card form" method="post" action={editPath(article.id)} novalidate>
        <CsrfField page={page} />
        <FormIdField formId={formId} />
        <Fields {...{ page, faults, bounds }} fields={saleFields(page, { typed, bounds })} />
        <p class="actions">
          <button id="edit-submit" type="submit" data-wait={t('button.wait')}>
            {t('edit.submit')}
          </button>
          <a class="button quiet" href={articlePath(article.id)}>
            {t('edit.cancel')}
          </a>
        </p>
      </form>
    </>
  );
}
