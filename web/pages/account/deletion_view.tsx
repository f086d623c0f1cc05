import type { VNode } from 'preact';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { Faults } from '../../forms/faults';
import { CsrfField } from '../forms/csrf_field';
import type { TextField } from '../forms/field';
import { Fields } from '../forms/fields';
import type { PageContext } from '../page_context';

type DeletionProps = { page: PageContext; faults: Faults; isOpen: boolean };

/** The form that deletes the reader's account; shown when asked for. */
export function DeletionForm({ page, faults, isOpen }: DeletionProps): VNode {
  const { t } = page;
  const password: TextField = {
    name: 'password',
    id: 'deletion-password',
    label: t('account.password.current'),
    type: 'password',
    autocomplete: 'current-password',
    maxlength: ACCOUNT_BOUNDS.maxPassword,
  };
  return (
    <details class="card" open={isOpen}>
      <summary>{t('account.delete.title')}</summary>
      <form class="form" method="post" action="/account/delete" novalidate>
        <CsrfField page={page} />
        <p>{t('account.delete.text')}</p>
        <Fields {...{ page, faults }} fields={[password]} bounds={ACCOUNT_BOUNDS} />
        <p>
          <button id="deletion-submit" class="danger" type="submit" data-wait={t('button.wait')}>
            {t('account.delete.submit')}
          </button>
        </p>
      </form>
    </details>
  );
}
