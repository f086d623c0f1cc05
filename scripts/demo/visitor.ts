import { Refusal } from '../console/refusal';
import { createCookieFetch, csrfTokenIn } from './cookie_fetch';

/** Somebody who uses the site as a browser without scripts does, with cookies of their own. */
export interface Visitor {
  /** Opens a page, and keeps the token of its forms. */
  open(path: string): Promise<string>;
  /** Sends a form of the page that was opened last. */
  send(path: string, fields: Readonly<Record<string, string>>): Promise<Answer>;
}

/** The result of a form. */
export interface Answer {
  readonly status: number;
  /** The target of the redirect; empty if there is none. */
  readonly location: string;
  /** Whether the limits of a user decided; a refusal without them is another's. */
  readonly hasLimits: boolean;
}

/** The site answers in far less. */
const ANSWER_BOUND_MS = 15_000;

/** `site` is its address: http://HOST:PORT. */
export function createVisitor(site: string): Visitor {
  const browser = createCookieFetch(site);
  let token = '';

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const answering = browser.fetch(path, {
      ...init,
      headers: { 'accept-language': 'fr' },
      signal: AbortSignal.timeout(ANSWER_BOUND_MS),
    });
    const response = await answering.catch((cause) => {
      throw new Refusal(`The web site does not answer at ${site}: see .local/web.log.`, { cause });
    });
    if (response.status >= 500)
      throw new Refusal(`The web site answered ${path} with ${response.status}: see .local/web.log.`);
    return response;
  }

  return {
    async open(path) {
      const page = await (await request(path)).text();
      token = csrfTokenIn(page) ?? token;
      return page;
    },
    async send(path, fields) {
      const body = new URLSearchParams({ _csrf: token, ...fields });
      const response = await request(path, { method: 'POST', body });
      // Read to its end, so that the connection is used again.
      await response.text();
      const { status, headers } = response;
      return { status, location: headers.get('location') ?? '', hasLimits: headers.has('ratelimit') };
    },
  };
}
