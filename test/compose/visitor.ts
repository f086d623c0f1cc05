import { setting } from './docker';

const SITE = `http://127.0.0.1:${setting('WEB_PORT')}`;

/** Somebody with cookies of their own, at the published port of the web tier. */
export interface Visitor {
  get(path: string): Promise<Response>;
  /** Opens a page, then sends a form with the token it finds there. */
  submit(page: string, path: string, fields: Record<string, string>): Promise<Response>;
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

  async function submit(page: string, path: string, fields: Record<string, string>): Promise<Response> {
    const html = await (await ask(page)).text();
    const token = /name="_csrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
    return ask(path, { method: 'POST', body: new URLSearchParams({ ...fields, _csrf: token }) });
  }

  return { get: ask, submit, logIn: (who) => submit('/login', '/login', who) };
}
