import { setting } from './docker';

const SITE = `http://127.0.0.1:${setting('WEB_PORT')}`;

/** Somebody with cookies of their own, at the published port of the web tier. */
export interface Visitor {
  get(path: string): Promise<Response>;
  /** Fills in the login form and sends it. */
  logIn(who: { email: string; password: string }): Promise<Response>;
}

export function newVisitor(): Visitor {
  const cookies = new Map<string, string>();

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${SITE}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, cookie },
    });
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      cookies.set(name, value);
    }
    return answer;
  }

  return {
    get: ask,
    async logIn({ email, password }) {
      const page = await (await ask('/login')).text();
      const token = /name="_csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
      return ask('/login', { method: 'POST', body: new URLSearchParams({ email, password, _csrf: token }) });
    },
  };
}
