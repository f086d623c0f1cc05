import { createCookieFetch, csrfTokenIn } from '../../scripts/demo/cookie_fetch';
import { PASSWORD } from '../unit/web/fake_users';

type Answer = { response: Response; html: string };

/** A browser without scripts: keeps cookies, follows nothing by itself. */
export type Visitor = {
  cookies: Map<string, string>;
  get(path: string): Promise<Answer>;
  post(path: string, fields: Record<string, string>): Promise<Answer>;
  /** Opens a page, then sends a form with the token it finds there. */
  submit(page: string, path: string, fields?: Record<string, string>): Promise<Answer>;
  /** Fills in the login form and sends it. */
  logIn(email?: string, password?: string): Promise<Answer>;
};

/** `headers` go with every request; the visitor reads English unless they say otherwise. */
export function createVisitor(url: string, headers: Record<string, string> = {}): Visitor {
  const browser = createCookieFetch(url);

  const send = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await browser.fetch(path, {
      ...init,
      headers: { 'accept-language': 'en', ...headers },
    });
    return { response, html: await response.text() };
  };

  const visitor: Visitor = {
    cookies: browser.cookies,
    get: (path) => send(path, {}),
    post: (path, fields) => send(path, { method: 'POST', body: new URLSearchParams(fields) }),
    submit: async (page, path, fields = {}) =>
      visitor.post(path, { ...fields, _csrf: tokenIn((await visitor.get(page)).html) }),
    logIn: (email = 'ada@example.org', password = PASSWORD) =>
      visitor.submit('/login', '/login', { email, password }),
  };
  return visitor;
}

/** The token of a page's forms; empty if it has none. */
export function tokenIn(html: string): string {
  return csrfTokenIn(html) ?? '';
}
