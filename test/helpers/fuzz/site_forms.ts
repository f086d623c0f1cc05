/** A form of a page, with what its fields hold. */
export interface Form {
  readonly method: 'GET' | 'POST';
  readonly action: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
}

/** The site's own pages are written by our views, so no parser of any HTML is needed. */
export function formsIn(html: string, page: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].map(([, head = '', body = '']) => ({
    method: /method="post"/i.test(head) ? 'POST' : 'GET',
    action: unescaped(/action="([^"]*)"/.exec(head)?.[1] ?? page),
    fields: [...body.matchAll(/<(?:input|select|textarea|button)\b([^>]*\bname="([^"]+)"[^>]*)>/g)].map(
      ([, tag = '', name = '']) => ({ name, value: unescaped(/value="([^"]*)"/.exec(tag)?.[1] ?? '') }),
    ),
  }));
}

/** The paths of the site that a page links to. */
export function linksIn(html: string): string[] {
  return [...html.matchAll(/href="(\/[^"#]*)"/g)].map(([, path = '']) => unescaped(path));
}

function unescaped(text: string): string {
  return text
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
}

/** All forms and paths that somebody finds from the home page on. */
export async function crawl(
  open: (path: string) => Promise<string>,
  mostPages: number,
): Promise<{ forms: Form[]; paths: string[] }> {
  const paths = ['/'];
  const forms = new Map<string, Form>();
  for (const [at, path] of paths.entries()) {
    if (at >= mostPages) break;
    const html = await open(path);
    for (const form of formsIn(html, path)) forms.set(shapeOf(form), form);
    // One page of each kind shows what all of them ask.
    for (const link of linksIn(html)) if (!paths.some((known) => isAlike(known, link))) paths.push(link);
  }
  return { forms: [...forms.values()], paths };
}

function shapeOf({ method, action, fields }: Form): string {
  return [method, withoutIds(action), ...fields.map(({ name }) => name)].join(' ');
}

function isAlike(one: string, other: string): boolean {
  return withoutIds(one) === withoutIds(other);
}

function withoutIds(path: string): string {
  return path.replaceAll(/=[^&]*/g, '=').replaceAll(/\d+/g, '0');
}
