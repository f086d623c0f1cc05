import type { UserRequest } from '../../accounts/current_user';
import type { Faults } from '../../forms/faults';
import { translatorOf } from '../../i18n/translator';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';
import { AccountView } from './view';

/** What came of one of the forms of the page. */
export type Outcome = {
  /** Which form it was. */
  form?: 'password' | 'deletion';
  faults?: Faults;
  refusal?: Refusal;
};

/** Sends the page of the reader's own account. */
export function sendAccount(
  sendPage: SendPage,
  { user, req, res }: UserRequest,
  { form = 'password', faults = {}, refusal }: Outcome = {},
): void {
  const status = refusal?.status ?? (Object.keys(faults).length > 0 ? 400 : 200);
  const data = { user, form, faults, refusal, isPasswordChanged: req.query.done === 'password' };
  sendPage(req, res, { view: AccountView, title: translatorOf(res).t('account.title'), status, data });
}
