import { Router } from 'express';
import { parseLanguage, rememberLanguage } from '../../i18n/languages';
import { ownPath } from '../own_path';

/** GET /language/{en,fr}?back=PATH: remembers the reader's language, and shows the same page again. */
export function languageRoutes(): Router {
  const router = Router();
  // A link, not a form: a form's token would need a cookie, which visitors do not get.
  router.get('/language/:language', (req, res, next) => {
    const language = parseLanguage(req.params.language);
    if (language === undefined) return next();
    rememberLanguage(req, res, language);
    res.redirect(303, ownPath(req.query.back) ?? '/');
  });
  return router;
}
