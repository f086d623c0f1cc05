import type { Request, Response } from 'express';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { FormState } from '../forms/form';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';
import { backOf } from './back';
import { LoginView } from './view';

type LoginPage = {
  sendPage: SendPage;
  status?: number;
  /** Why the login failed, or why it is required. */
  alert?: MessageKey;
  /** Why nobody can log in now; it also sets the status. */
  refusal?: Refusal | undefined;
  /** True if another account could log in. */
  isOfAccount?: boolean;
  /** The page after the login; taken from the request unless given. */
  back?: string;
  /** Typed texts that the login loses. */
  lost?: readonly string[];
  login?: FormState;
  signUp?: FormState;
};

const EMPTY: FormState = { typed: {}, faults: {} };

/** Sends the page of both forms: to log in and, if it is offered, to sign up. */
export function sendLogin(req: Request, res: Response, page: LoginPage): void {
  const { sendPage, alert, refusal, isOfAccount = false, lost = [], login = EMPTY, signUp = EMPTY } = page;
  const isDeleted = req.query.done === 'deleted';
  const status = refusal?.status ?? page.status ?? 200;
  const back = page.back ?? backOf(req);
  const data = { alert, refusal, isOfAccount, lost, login, signUp, back, isDeleted };
  sendPage(req, res, { view: LoginView, title: translatorOf(res).t('login.title'), status, data });
}
