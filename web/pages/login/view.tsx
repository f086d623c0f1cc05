import type { VNode } from 'preact';
import type { MessageKey } from '../../i18n/messages';
import type { FormState } from '../forms/form';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import type { Refusal } from '../quota/refusal';
import { RefusalNotice } from '../quota/refusal_notice';
import { LoginForm, SignUpForm } from './forms';

/** Nobody did anything wrong. */
const ENDED: ReadonlySet<MessageKey> = new Set<MessageKey>(['login.ended', 'login.ended-long']);

type LoginProps = {
  page: PageContext;
  alert: MessageKey | undefined;
  refusal: Refusal | undefined;
  /** Whether the refusal is only for the account in the form. */
  isOfAccount: boolean;
  /** Typed texts that the login loses. */
  lost: readonly string[];
  login: FormState;
  signUp: FormState;
  /** The page after the login. */
  back: string | undefined;
  /** Whether the reader's account was just deleted. */
  isDeleted: boolean;
};

/** Both forms: to log in and, if it is offered, to sign up. */
export function LoginView(props: LoginProps): VNode {
  const { page, alert, refusal, isOfAccount, lost, login, signUp, back, isDeleted } = props;
  const { t, offersSignUp } = page;
  const enables = Object.keys(signUp.typed).length > 0 ? 'signup-submit' : 'login-submit';
  const whileUnchanged = isOfAccount ? 'email' : undefined;
  return (
    <>
      <h1>{t('login.title')}</h1>
      {isDeleted && <Notice kind="done">{t('account.deleted')}</Notice>}
      {alert && <Notice kind={ENDED.has(alert) ? 'outage' : 'refused'}>{t(alert)}</Notice>}
      {lost.map((text, at) => (
        <LostText page={page} text={text} id={`lost-${at}`} />
      ))}
      {refusal && <RefusalNotice {...{ page, refusal, enables, whileUnchanged }} />}
      <div class="cards">
        <LoginForm page={page} form={login} back={back} isAlone={!offersSignUp} />
        {offersSignUp && <SignUpForm page={page} form={signUp} back={back} />}
      </div>
    </>
  );
}

/** For copying. */
function LostText({ page, text, id }: { page: PageContext; text: string; id: string }): VNode {
  return (
    <div class="card">
      <p class="field">
        <label for={id}>{page.t('login.lost')}</label>
        <textarea id={id} rows={8} readonly value={text} />
      </p>
    </div>
  );
}
