import type { Request, Response } from 'express';
import type { User } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import type { Article } from '../../market/article';
import type { Market } from '../../market/market';
import type { QuotaClient } from '../../quota/client';
import { retryAfter, setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { QuotaUnavailable } from '../../quota/unavailable';
import { describeOutage, describeRefusal, type Refusal } from '../errors/refused';
import { parseId } from '../parse_id';
import type { SendPage } from '../view';

/** The policy that every call of a service takes from. */
export const SERVICE_CALL_POLICY = 'service-call';

/** What the pages of the services need. */
export type ServicesParts = { market: Market; quota: QuotaClient; sendPage: SendPage };

type Call = { quota: QuotaClient; user: User; req: Request; res: Response };

/**
 * Asks whether a user may call a service now, and tells it in the answer's headers. A refusal, or that nobody could decide, is
 * for the page to show, beside what was typed.
 */
export async function askToCall(call: Call): Promise<Refusal | undefined> {
  const { quota, user, req, res } = call;
  try {
    const admission = await quota.admit({ policy: SERVICE_CALL_POLICY, subject: String(user.id) });
    setRateLimitHeaders(res, admission);
    req.log.info({ userId: user.id, admitted: admission.admitted }, 'a user asked to call a service');
    if (admission.admitted) return undefined;
    const words = { title: 'services.refused.title', text: 'services.refused.text' } as const;
    return describeRefusal(translatorOf(res), { admission, ...words });
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    req.log.error({ err: error, userId: user.id }, 'a user could not ask to call a service');
    res.set('Retry-After', retryAfter(error.retryAfterMs));
    return describeOutage(translatorOf(res), error);
  }
}

/** The article that an address or a form names; undefined where there is none. */
export async function findArticle(market: Market, id: unknown): Promise<Article | undefined> {
  const articleId = parseId(id);
  return articleId === undefined ? undefined : market.find(articleId);
}
