import type { VNode } from 'preact';
import type { Faults } from '../../forms/faults';
import type { ArticleDetails } from '../../market/article';
import type { ParsedSale } from '../../market/forms';
import { articlePath } from '../articles/addresses';
import { saleFields } from '../articles/sale_fields';
import { CsrfField } from '../forms/csrf_field';
import { Fields } from '../forms/fields';
import { FormIdField } from '../forms/form_id_field';
import type { PageContext } from '../page_context';
import { MeterSection } from '../quota/meter';
import type { Meter } from '../quota/read_meter';
import type { Refusal } from '../quota/refusal';
import { RefusalNotice } from '../quota/refusal_notice';
import type { MarketBounds } from './call';

type SellProps = {
  page: PageContext;
  meter: Meter | undefined;
  /** What was put up for sale just now. */
  listed: ArticleDetails | undefined;
  refusal: Refusal | undefined;
  typed: ParsedSale['typed'];
  faults: Faults;
  bounds: MarketBounds;
  formId: string;
};

/** The form to sell with. */
export function SellView(props: SellProps): VNode {
  const { page, meter, listed, refusal } = props;
  return (
    <>
      <h1>{page.t('sell.title')}</h1>
      {listed && <Listed page={page} article={listed} />}
      {refusal && <RefusalNotice page={page} refusal={refusal} enables="sell-submit" />}
      <MeterSection page={page} meter={meter} enables="sell-submit" />
      <SaleForm {...props} />
    </>
  );
}

function Listed({ page, article }: { page: PageContext; article: ArticleDetails }): VNode {
  const { id, title, priceCents } = article;
  return (
    <section class="notice done" role="status" tabindex={-1} autofocus>
      <h2>{page.t('sell.listed', { title, price: page.price(priceCents) })}</h2>
      <p>
        {`${page.t('sell.listed.text')} `}
        <a href={articlePath(id)}>{page.t('sell.listed.see')}</a>
      </p>
    </section>
  );
}

function SaleForm({ page, typed, faults, bounds, formId }: SellProps): VNode {
  const fields = saleFields(page, { typed, bounds });
  return (
    <form class="card form" method="post" action="/services/vente" novalidate>
      <CsrfField page={page} />
      <FormIdField formId={formId} />
      <Fields {...{ page, fields, faults, bounds }} />
      <p>
        <button id="sell-submit" type="submit" data-wait={page.t('button.wait')}>
          {page.t('sell.submit')}
        </button>
      </p>
    </form>
  );
}
