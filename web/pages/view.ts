import { Eta } from 'eta';
import type { Request, Response } from 'express';
import type { Csrf } from '../accounts/csrf';
import { currentUser } from '../accounts/current_user';
import type { Assets } from '../assets';
import { translatorOf } from '../i18n/translator';

const eta = new Eta({ views: __dirname, autoEscape: true, cache: true });

/** Sends a view inside the site's layout. */
type Page = {
  /** The view's file, from web/pages, without its ending. Example: "home/home". */
  view: string;
  /** In the reader's language. */
  title: string;
  status?: number;
  /** The browser scripts that this page needs beside the site's own. Example: "statistics.js". */
  scripts?: readonly string[];
  data?: object;
};

export type SendPage = (req: Request, res: Response, page: Page) => void;

/** Makes the function that sends every page, in the reader's language. */
export function createSendPage({ csrf, assets }: { csrf: Csrf; assets: Assets }): SendPage {
  return (req, res, { view, title, status = 200, scripts = [], data = {} }) => {
    let token: string | undefined;
    const csrfToken = () => {
      // One for all forms of the page: a second would take the cookie from the first.
      token ??= csrf.token(req, res);
      return token;
    };
    const translator = translatorOf(res);
    const html = eta.render(`/${view}`, {
      ...translator,
      ...data,
      title,
      scripts,
      user: currentUser(res),
      path: pathOf(req),
      // Also what a form was sent to can be opened: each such address is a page, or leads to one.
      here: req.originalUrl,
      csrfToken,
      asset: assets.url,
    });
    res.status(status).set('Content-Language', translator.language).type('html').send(html);
  };
}

/** The whole path: Express's own is cut short inside a router that is mounted at its beginning. */
function pathOf({ originalUrl }: Request): string {
  return originalUrl.replace(/[?#].*$/s, '');
}
