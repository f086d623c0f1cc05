import type { Request, Response } from 'express';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { FormState } from '../forms/form';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';

type LoginPage = {
  sendPage: SendPage;
  offersSignUp: boolean;
  status?: number;
  /** Why the login did not come about. */
  alert?: MessageKey;
  /** Why the daemon lets nobody through, which also says the status. */
  refusal?: Refusal | undefined;
  login?: FormState;
  signUp?: FormState;
};

const EMPTY: FormState = { typed: {}, faults: {} };

/** Sends the page of both forms: to log in and, where it is offered, to sign up. */
export function sendLogin(req: Request, res: Response, page: LoginPage): void {
  const { sendPage, offersSignUp, alert, refusal, login = EMPTY, signUp = EMPTY } = page;
  const status = refusal?.status ?? page.status ?? 200;
  const data = { offersSignUp, alert, refusal, login, signUp, bounds: ACCOUNT_BOUNDS };
  sendPage(req, res, { view: 'login/login', title: translatorOf(res).t('login.title'), status, data });
}
