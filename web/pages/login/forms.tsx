import type { VNode } from 'preact';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import { CsrfField } from '../forms/csrf_field';
import type { TextField } from '../forms/field';
import { Fields } from '../forms/fields';
import type { FormState } from '../forms/form';
import type { PageContext } from '../page_context';

const { maxEmail, maxName, maxPassword } = ACCOUNT_BOUNDS;

type LoginFormProps = { page: PageContext; form: FormState; back: string | undefined; isAlone: boolean };

/** The form to log in with. */
export function LoginForm({ page, form: { typed, faults }, back, isAlone }: LoginFormProps): VNode {
  const { t } = page;
  const fields: TextField[] = [
    {
      name: 'email',
      label: t('login.email'),
      type: 'email',
      value: typed.email,
      autocomplete: 'username',
      maxlength: maxEmail,
    },
    {
      name: 'password',
      label: t('login.password'),
      type: 'password',
      autocomplete: 'current-password',
      maxlength: maxPassword,
    },
  ];
  return (
    <form class={isAlone ? 'card form' : 'card'} method="post" action="/login" novalidate>
      {!isAlone && <h2>{t('login.heading')}</h2>}
      <CsrfField page={page} />
      <BackField back={back} />
      <Fields {...{ page, fields, faults }} bounds={ACCOUNT_BOUNDS} />
      <p>
        <button id="login-submit" type="submit" data-wait={t('button.wait')}>
          {t('login.submit')}
        </button>
      </p>
    </form>
  );
}

/** The form to make an account with. */
export function SignUpForm({ page, form, back }: Omit<LoginFormProps, 'isAlone'>): VNode {
  const { t } = page;
  const { typed, faults } = form;
  return (
    <form class="card" id="signup" method="post" action="/signup" novalidate>
      <h2>{t('signup.heading')}</h2>
      <CsrfField page={page} />
      <BackField back={back} />
      <Fields page={page} fields={signUpFields(page, typed)} faults={faults} bounds={ACCOUNT_BOUNDS} />
      <p>
        <button id="signup-submit" type="submit" data-wait={t('button.wait')}>
          {t('signup.submit')}
        </button>
      </p>
    </form>
  );
}

/** The page that the reader came from, and returns to afterwards. */
function BackField({ back }: { back: string | undefined }): VNode | null {
  return back === undefined ? null : <input type="hidden" name="back" value={back} />;
}

function signUpFields({ t }: PageContext, typed: FormState['typed']): TextField[] {
  const name = { maxlength: maxName };
  return [
    {
      ...name,
      name: 'firstName',
      label: t('signup.first-name'),
      value: typed.firstName,
      autocomplete: 'given-name',
    },
    {
      ...name,
      name: 'lastName',
      label: t('signup.last-name'),
      value: typed.lastName,
      autocomplete: 'family-name',
    },
    {
      name: 'email',
      id: 'signup-email',
      label: t('login.email'),
      type: 'email',
      value: typed.email,
      autocomplete: 'email',
      maxlength: maxEmail,
    },
    {
      name: 'password',
      id: 'signup-password',
      label: t('login.password'),
      type: 'password',
      hint: t('account.password-hint', ACCOUNT_BOUNDS),
      autocomplete: 'new-password',
      maxlength: maxPassword,
    },
  ];
}
