import type { Request, Response } from 'express';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { UserRequest } from '../../accounts/current_user';
import type { User } from '../../accounts/user';
import type { Users } from '../../accounts/users';
import { formIdOf, type RequestIds, requestIdAfter } from '../../forms/request_ids';
import { type Translator, translatorOf } from '../../i18n/translator';
import { MARKET_BOUNDS } from '../../market/forms';
import type { Market } from '../../market/market';
import type { Admission, QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { POLICIES } from '../../quota_names';
import { type Admittance, admitOrShowDenial } from '../quota/admit_or_show_denial';
import { orGiveBack } from '../quota/give_back';
import { type Meter, readMeter } from '../quota/read_meter';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';

/** What the pages of the services need. */
export type ServicesParts = {
  market: Market;
  users: Users;
  quota: QuotaClient;
  requestIds: RequestIds;
  sendPage: SendPage;
};

type Call = { quota: QuotaClient; user: User; requestId: string; req: Request; res: Response };

/** Why a call was denied, or what came of it. */
export type Called<T> = { refusal: Refusal } | { refusal?: undefined; result: T };

/** A form that was sent more often after failures of the database is a program's. */
const MOST_REFUNDS = 20;

/** Does what a call of a service does, if its user may call now. If that fails, what this request took is refunded. */
export async function callService<T>(call: Call, act: () => Promise<T>): Promise<Called<T>> {
  const admittance = await admitCall(call);
  if (admittance.refusal !== undefined) return admittance;
  const { taken, isRepeat } = admittance;
  // What an earlier request took may be for a call that was carried out.
  return { result: await (isRepeat ? act() : orGiveBack(call, taken, act)) };
}

function admitCall({ quota, user, requestId, req, res }: Call): Promise<Admittance> {
  return admitOrShowDenial({
    quota: { admit: (request) => admitAnew(quota, request) },
    policy: POLICIES.serviceCall,
    subject: String(user.id),
    requestId,
    words: { title: 'services.refused.title', text: 'services.refused.text' },
    tell: setRateLimitHeaders,
    req,
    res,
  });
}

/** A form that is sent again after a refund is admitted under the next id, as the first stays refunded. */
async function admitAnew(
  quota: QuotaClient,
  request: Parameters<QuotaClient['admit']>[0],
): Promise<Admission> {
  let { requestId = '' } = request;
  for (let refundCount = 0; ; refundCount += 1) {
    try {
      return await quota.admit({ ...request, requestId });
    } catch (error) {
      const isRefunded = error instanceof QuotaUnavailable && error.daemonReason === 'REFUNDED_REQUEST';
      if (!isRefunded || refundCount === MOST_REFUNDS) throw error;
      requestId = requestIdAfter(requestId);
    }
  }
}

/** How many calls a user has left; undefined if the daemon is unreachable. */
export function readCallMeter(
  { quota }: Pick<ServicesParts, 'quota'>,
  { user, res }: Pick<UserRequest, 'user' | 'res'>,
): Promise<Meter | undefined> {
  const subject = String(user.id);
  return readMeter({ quota, subject, policy: POLICIES.serviceCall, translator: translatorOf(res) });
}

/** The request id of a form: pressed twice, it is one call. */
export function requestIdFor(
  { requestIds, req }: Pick<ServicesParts & UserRequest, 'requestIds' | 'req'>,
  values: readonly (string | number)[],
): string {
  return requestIds({ sessionId: req.sessionID, formId: formIdOf(req.body?.form), values });
}

export type MarketBounds = typeof MARKET_BOUNDS & { maxPrice: string };

/** The bounds, as the messages about faults show them to the reader. */
export function marketBounds({ price }: Translator): MarketBounds {
  return { ...MARKET_BOUNDS, maxPrice: price(MARKET_BOUNDS.maxPriceCents) };
}
