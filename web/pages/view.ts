import { Eta } from 'eta';
import type { Request, Response } from 'express';
import type { Csrf } from '../accounts/csrf';
import { currentUser } from '../accounts/current_user';

const eta = new Eta({ views: __dirname, autoEscape: true, cache: true });

/** Sends a view inside the site's layout. */
type Page = {
  /** The view's file, from web/pages, without its ending. Example: "home/home". */
  view: string;
  title: string;
  status?: number;
  data?: object;
};

export type SendPage = (req: Request, res: Response, page: Page) => void;

/** Makes the function that sends every page. A token is only made for a page that has a form. */
export function createSendPage(csrf: Csrf): SendPage {
  return (req, res, { view, title, status = 200, data = {} }) => {
    let token: string | undefined;
    const csrfToken = () => {
      // One for all forms of the page: a second would take the cookie from the first.
      token ??= csrf.token(req, res);
      return token;
    };
    const html = renderView(view, { ...data, title, user: currentUser(res), csrfToken });
    res.status(status).type('html').send(html);
  };
}

/** The view's HTML, layout included; everything shown in it is escaped. */
function renderView(view: string, data: object): string {
  return eta.render(`/${view}`, data);
}
