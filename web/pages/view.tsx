import type { Request, Response } from 'express';
import type { VNode } from 'preact';
import { renderToString } from 'preact-render-to-string';
import type { Csrf } from '../accounts/csrf';
import { currentUser } from '../accounts/current_user';
import type { Assets } from '../assets';
import { translatorOf } from '../i18n/translator';
import { Layout } from './layout';
import type { PageContext } from './page_context';

/** The data of a view: all of its properties but the context. */
type DataOf<Props extends { page: PageContext }> = Omit<Props, 'page'>;

type Page<Props extends { page: PageContext }> = {
  view: (props: Props) => VNode;
  data: DataOf<Props>;
  /** In the reader's language. */
  title: string;
  status?: number | undefined;
  /** The scripts that this page needs besides the site's. Example: "statistics.js". */
  scripts?: readonly string[];
  /** Set for a part that a script puts into a page: it is sent without the layout. */
  isPart?: boolean;
};

/** Sends a view; missing data is a compile error. */
export type SendPage = <Props extends { page: PageContext }>(
  req: Request,
  res: Response,
  page: Page<Props>,
) => void;

type Site = { csrf: Csrf; assets: Assets; offersSignUp: boolean };

/** Makes the function that sends every page, in the reader's language. */
export function createSendPage(site: Site): SendPage {
  const contextOf = createContextOf(site);
  function sendPage<Props extends { page: PageContext }>(
    req: Request,
    res: Response,
    sent: Page<Props>,
  ): void {
    const { view, data, title, status = 200, scripts = [], isPart = false } = sent;
    const page = contextOf(req, res);
    // TypeScript cannot see that what was taken from the properties is put back here.
    const content = view({ ...data, page } as unknown as Props);
    const html = isPart
      ? renderToString(content)
      : `<!doctype html>\n${renderToString(<Layout {...{ page, title, scripts }}>{content}</Layout>)}`;
    res.status(status).set('Content-Language', page.language).type('html').send(html);
  }
  return sendPage;
}

function createContextOf({ csrf, assets, offersSignUp }: Site): (req: Request, res: Response) => PageContext {
  return (req, res) => {
    let token: string | undefined;
    return {
      ...translatorOf(res),
      user: currentUser(res),
      offersSignUp,
      path: pathOf(req),
      // The address that a form was sent to can be opened too: each is a page, or leads to one.
      here: req.originalUrl,
      csrfToken() {
        // One for all forms of the page: a second would take the cookie from the first.
        token ??= csrf.token(req, res);
        return token;
      },
      asset: assets.url,
    };
  };
}

/** The whole path: Express's own is cut short inside a router that is mounted at its beginning. */
function pathOf({ originalUrl }: Request): string {
  return originalUrl.replace(/[?#].*$/s, '');
}
