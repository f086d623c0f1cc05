import type { VNode } from 'preact';
import type { PageContext } from './page_context';

/** The ways to the two services. */
export function ServiceLinks({ page: { t } }: { page: PageContext }): VNode {
  return (
    <p class="actions">
      <a class="button" href="/services/achat">
        {t('home.buy')}
      </a>
      <a class="button quiet" href="/services/vente">
        {t('home.sell')}
      </a>
    </p>
  );
}
