import type { Request, Response } from 'express';
import type { User } from '../../accounts/user';
import { translatorOf } from '../../i18n/translator';
import { type ParsedSearch, parseSearch } from '../../market/forms';
import type { Market } from '../../market/market';
import { BuyView, type Found } from './buy_view';
import { marketBounds, type ServicesParts } from './call';

/** The list of everything for sale. The address holds the filters. */
export const LIST_PATH = '/services/achat';

type Listing = ServicesParts & {
  /** Undefined for a visitor. */
  user: User | undefined;
  req: Request;
  res: Response;
  status?: number;
  alert?: string;
};

/** Sends the list of what is for sale. */
export async function sendList({ market, sendPage, user, req, res, status, alert }: Listing): Promise<void> {
  const translator = translatorOf(res);
  const { typed, faults, list: search } = parseSearch(req.query);
  const isFaulty = Object.keys(faults).length > 0;
  const found = isFaulty ? undefined : await find(market, search);
  const hrefOf = (cursor: string) => addressOf({ ...typed, page: cursor });
  const data = { user, found, alert, typed, faults, bounds: marketBounds(translator), hrefOf };
  sendPage(req, res, { view: BuyView, title: translator.t('buy.title'), status, data });
}

async function find(market: Market, search: ParsedSearch['list']): Promise<Found> {
  const [list, count] = await Promise.all([market.forSale(search), market.countForSale(search.filters)]);
  return { list, count };
}

/** The address of a list, or of one of its pages; what is unset is left out. */
function addressOf(fields: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ''));
  return query.size === 0 ? LIST_PATH : `${LIST_PATH}?${query}`;
}
