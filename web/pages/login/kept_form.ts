import type { Request } from 'express';
import { buyPath } from '../articles/addresses';
import { parseId } from '../forms/parse_id';

/** What may stand in an address: no password, no token. */
const KEPT_FIELDS = ['title', 'category', 'condition', 'price', 'description'];

/** Servers and proxies reject longer addresses. */
const MAX_ADDRESS = 8_000;

/** What a login does with a form that came too late. */
export type KeptForm = {
  /** The address of the page that the form came from, with what was typed there, for after the login. */
  back: string;
  /** Typed texts that are too long for an address. */
  lost: string[];
};

/** Keeps what was typed into a form for after the login, as far as an address can hold it. */
export function keepForm({ path, body }: Pick<Request, 'path' | 'body'>): KeptForm {
  const article = parseId(body?.article);
  if (article !== undefined) return { back: buyPath(article), lost: [] };
  const query = new URLSearchParams();
  const lost: string[] = [];
  for (const field of KEPT_FIELDS) {
    const typed: unknown = body?.[field];
    if (typeof typed !== 'string' || typed === '') continue;
    query.set(field, typed);
    // Rather without one long text than without all.
    if (`${path}?${query}`.length > MAX_ADDRESS) {
      query.delete(field);
      lost.push(typed);
    }
  }
  return { back: query.size === 0 ? path : `${path}?${query}`, lost };
}
