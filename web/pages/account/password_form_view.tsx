import type { VNode } from 'preact';
import type { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { User } from '../../accounts/user';
import type { Faults } from '../../forms/faults';
import { CsrfField } from '../forms/csrf_field';
import type { TextField } from '../forms/field';
import { Fields } from '../forms/fields';
import type { PageContext } from '../page_context';

type PasswordFormProps = { page: PageContext; user: User; faults: Faults; bounds: typeof ACCOUNT_BOUNDS };

/** The form that changes the reader's password. */
export function PasswordForm({ page, user, faults, bounds }: PasswordFormProps): VNode {
  const { t } = page;
  return (
    <form class="card" method="post" action="/account/password" novalidate aria-labelledby="password-title">
      <h2 id="password-title">{t('account.password.title')}</h2>
      <CsrfField page={page} />
      {/* So that a password manager knows whose password this is. */}
      <input type="text" autocomplete="username" value={user.email} readonly hidden />
      <Fields {...{ page, faults, bounds }} fields={fieldsOf(page, bounds)} />
      <p>
        <button id="password-submit" type="submit" data-wait={t('button.wait')}>
          {t('account.password.submit')}
        </button>
      </p>
    </form>
  );
}

function fieldsOf({ t }: PageContext, bounds: typeof ACCOUNT_BOUNDS): TextField[] {
  const password = { type: 'password', maxlength: bounds.maxPassword } as const;
  const chosen = { ...password, autocomplete: 'new-password' };
  return [
    {
      ...password,
      name: 'current',
      label: t('account.password.current'),
      autocomplete: 'current-password',
    },
    {
      ...chosen,
      name: 'new',
      label: t('account.password.new'),
      hint: t('account.password-hint', bounds),
    },
    { ...chosen, name: 'repeated', label: t('account.password.repeated') },
  ];
}
