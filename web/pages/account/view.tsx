import type { VNode } from 'preact';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { User } from '../../accounts/user';
import type { Faults } from '../../forms/faults';
import { EmailText } from '../email';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import type { Refusal } from '../quota/refusal';
import { RefusalNotice } from '../quota/refusal_notice';
import { Time } from '../time';
import { DeletionForm } from './deletion_view';
import { PasswordForm } from './password_form_view';

type AccountProps = {
  page: PageContext;
  user: User;
  /** Which form the faults and the refusal are of. */
  form: 'password' | 'deletion';
  faults: Faults;
  refusal: Refusal | undefined;
  isPasswordChanged: boolean;
};

/** The reader's own account. */
export function AccountView(props: AccountProps): VNode {
  const { page, user, form, faults, refusal, isPasswordChanged } = props;
  const { t } = page;
  const faultsOf = (which: AccountProps['form']) => (form === which ? faults : {});
  return (
    <>
      <h1>{t('account.title')}</h1>
      {isPasswordChanged && <Notice kind="done">{t('account.password.done')}</Notice>}
      {refusal && <RefusalNotice page={page} refusal={refusal} enables={`${form}-submit`} />}
      <div class="cards">
        <Details page={page} user={user} />
        <PasswordForm page={page} user={user} faults={faultsOf('password')} bounds={ACCOUNT_BOUNDS} />
      </div>
      {user.role === 'student' && (
        <DeletionForm page={page} faults={faultsOf('deletion')} isOpen={form === 'deletion'} />
      )}
    </>
  );
}

function Details({ page, user }: { page: PageContext; user: User }): VNode {
  const { t } = page;
  return (
    <section class="card" aria-labelledby="details">
      <h2 id="details">{t('account.details')}</h2>
      <table>
        <tbody>
          <tr>
            <th scope="row">{t('account.name')}</th>
            <td>{`${user.firstName} ${user.lastName}`}</td>
          </tr>
          <tr>
            <th scope="row">{t('account.email')}</th>
            <td>
              <EmailText email={user.email} />
            </td>
          </tr>
          <tr>
            <th scope="row">{t('account.since')}</th>
            <td>
              <Time time={page.moment(user.created)} />
            </td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}
