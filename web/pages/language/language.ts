import { Router } from 'express';
import { parseLanguage, rememberLanguage } from '../../i18n/languages';

/** Only the path of an address matters, so any origin will do to read it against. */
const ANY_ORIGIN = 'http://site.invalid';

/** GET /language/{en,fr}?back=PATH: remembers the reader's language, and shows the page again that was in sight. */
export function languageRoutes(): Router {
  const router = Router();
  // A link and no form: a form's token would need a cookie, which visitors are not given.
  router.get('/language/:language', (req, res, next) => {
    const language = parseLanguage(req.params.language);
    if (language === undefined) return next();
    rememberLanguage(req, res, language);
    res.redirect(303, pathOfOurs(req.query.back));
  });
  return router;
}

/** A path of this site, whatever was sent: nobody is led elsewhere. */
function pathOfOurs(back: unknown): string {
  if (typeof back !== 'string' || !URL.canParse(back, ANY_ORIGIN)) return '/';
  const { origin, pathname, search } = new URL(back, ANY_ORIGIN);
  // A path with two slashes first names another host.
  return origin === ANY_ORIGIN && !pathname.startsWith('//') ? `${pathname}${search}` : '/';
}
