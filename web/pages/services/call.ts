import type { Request, Response } from 'express';
import type { User } from '../../accounts/users';
import { translatorOf } from '../../i18n/translator';
import type { Article } from '../../market/article';
import type { Market } from '../../market/market';
import type { QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { describeRefusal, type Refusal } from '../errors/refused';
import { parseId } from '../parse_id';
import type { SendPage } from '../view';

/** The policy that every call of a service takes from. */
export const SERVICE_CALL_POLICY = 'service-call';

/** What the pages of the services need. */
export type ServicesParts = { market: Market; quota: QuotaClient; sendPage: SendPage };

type Call = { quota: QuotaClient; user: User; req: Request; res: Response };

/** Asks whether a user may call a service now, and tells it in the answer's headers. A refusal is for the page to show. */
export async function askToCall({ quota, user, req, res }: Call): Promise<Refusal | undefined> {
  const admission = await quota.admit({ policy: SERVICE_CALL_POLICY, subject: String(user.id) });
  setRateLimitHeaders(res, admission);
  req.log.info({ userId: user.id, admitted: admission.admitted }, 'a user asked to call a service');
  if (admission.admitted) return undefined;
  const words = { title: 'services.refused.title', text: 'services.refused.text' } as const;
  return describeRefusal(translatorOf(res), { admission, ...words });
}

/** The article that an address or a form names; undefined where there is none. */
export async function findArticle(market: Market, id: unknown): Promise<Article | undefined> {
  const articleId = parseId(id);
  return articleId === undefined ? undefined : market.find(articleId);
}
