import { parseSetCookie } from 'cookie';

/** `fetch` as somebody with cookies of their own would do it: they are sent and kept, and no redirect is followed. */
export type CookieFetch = {
  readonly cookies: Map<string, string>;
  /** `path` is within the site. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
};

/** The site's own are the only cookies there are, so their domains and paths do not matter. `site` is http://HOST:PORT. */
export function createCookieFetch(site: string): CookieFetch {
  const cookies = new Map<string, string>();
  return {
    cookies,
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
      const response = await fetch(`${site}${path}`, { ...init, headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) keepCookie(cookies, line);
      return response;
    },
  };
}

/** The CSRF token of a page's forms; undefined if it has none. */
export function csrfTokenIn(html: string): string | undefined {
  return /name="_csrf" value="([^"]+)"/.exec(html)?.[1];
}

function keepCookie(cookies: Map<string, string>, line: string): void {
  // As it stands: it is sent back as it came.
  const { name, value = '', expires } = parseSetCookie(line, { decode: (text) => text });
  // The two ways to take a cookie back.
  const isTakenBack = value === '' || (expires !== undefined && expires.getTime() <= 0);
  if (isTakenBack) cookies.delete(name);
  else cookies.set(name, value);
}
