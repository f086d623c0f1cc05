import type { Request, Response } from 'express';
import type { User } from '../../accounts/users';
import type { Article } from '../../market/article';
import type { Market } from '../../market/market';
import type { QuotaClient } from '../../quota/client';
import { setRateLimitHeaders } from '../../quota/rate_limit_headers';
import { parseId } from '../forms/parse_id';
import { admitOrShowDenial } from '../quota/admit_or_show_denial';
import type { Refusal } from '../quota/refusal';
import type { SendPage } from '../view';

/** The policy that every call of a service takes from. */
export const SERVICE_CALL_POLICY = 'service-call';

/** What the pages of the services need. */
export type ServicesParts = { market: Market; quota: QuotaClient; sendPage: SendPage };

type Call = { quota: QuotaClient; user: User; req: Request; res: Response };

/** Asks whether a user may call a service now. */
export function admitCall({ quota, user, req, res }: Call): Promise<Refusal | undefined> {
  return admitOrShowDenial({
    quota,
    policy: SERVICE_CALL_POLICY,
    subject: String(user.id),
    words: { title: 'services.refused.title', text: 'services.refused.text' },
    tell: setRateLimitHeaders,
    req,
    res,
  });
}

/** The article that an address or a form names; undefined where there is none. */
export async function findArticle(market: Market, id: unknown): Promise<Article | undefined> {
  const articleId = parseId(id);
  return articleId === undefined ? undefined : market.find(articleId);
}
