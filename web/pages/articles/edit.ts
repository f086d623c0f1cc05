import { Router } from 'express';
import { type UserRequest, withUser } from '../../accounts/current_user';
import { formIdOf } from '../../forms/request_ids';
import { translatorOf } from '../../i18n/translator';
import type { ArticleDetails } from '../../market/article';
import { type ParsedSale, parseSale } from '../../market/forms';
import type { Refusal } from '../quota/refusal';
import { callService, marketBounds, readCallMeter, requestIdFor, type ServicesParts } from '../services/call';
import { articlePath } from './addresses';
import { sendArticle } from './article';
import { EditView } from './edit_view';
import { findArticle } from './find_article';
import { hasChanged, typedSale } from './typed_sale';

const PATH = '/articles/:id/edit';

/** GET and POST /articles/:id/edit, for the seller while the article is for sale. */
export function editRoutes(parts: ServicesParts): Router {
  const router = Router();
  router.get(
    PATH,
    withUser((asked) => withOwnArticle({ ...parts, ...asked }, sendEdit)),
  );
  router.post(
    PATH,
    withUser((asked) => withOwnArticle({ ...parts, ...asked }, edit)),
  );
  return router;
}

type Sending = ServicesParts & UserRequest;
type Editing = Sending & { article: ArticleDetails };
type EditPage = { status?: number; sale?: ParsedSale; refusal?: Refusal };

/** For another seller's article, or one that is no longer for sale, shows only its page. */
async function withOwnArticle(sending: Sending, work: (editing: Editing) => Promise<void>): Promise<void> {
  const { market, user, req, res } = sending;
  const article = await findArticle(market, req.params.id);
  if (article === undefined) return res.redirect(303, '/services');
  if (article.sellerId !== user.id) return res.redirect(303, articlePath(article.id));
  if (article.sold) {
    const alert = translatorOf(res).t('edit.sold', { title: article.title });
    return sendArticle({ ...sending, article, status: 409, alert });
  }
  await work({ ...sending, article });
}

async function edit(editing: Editing): Promise<void> {
  const { market, user, req, res, article } = editing;
  const sale = parseSale(req.body);
  if (sale.article === undefined) return sendEdit(editing, { status: 400, sale });
  const done = `${articlePath(article.id)}?done=edited`;
  // Without a change, there is no call.
  if (!hasChanged(article, sale.article)) return res.redirect(303, done);
  const requestId = requestIdFor(editing, ['edit', article.id, ...Object.values(sale.article)]);
  const change = { requestId, sellerId: user.id, articleId: article.id, article: sale.article };
  // An old form may be sent again after the daemon has forgotten its request.
  const isRepeat = (await market.findRequested(requestId)) !== undefined;
  const edited = isRepeat
    ? { result: await market.find(article.id) }
    : await callService({ ...editing, requestId }, () => market.edit(change));
  if (edited.refusal !== undefined)
    return sendEdit(editing, { status: edited.refusal.status, sale, refusal: edited.refusal });
  const now = edited.result;
  if (now !== undefined && !hasChanged(now, sale.article)) return res.redirect(303, done);
  // It was just sold or withdrawn: its page says so.
  if (now === undefined || now.sold) return res.redirect(303, articlePath(article.id));
  const alert = translatorOf(res).t('edit.outdated');
  await sendArticle({ ...editing, article: now, status: 409, alert });
}

async function sendEdit(editing: Editing, { status, sale, refusal }: EditPage = {}): Promise<void> {
  const { sendPage, req, res, article } = editing;
  const translator = translatorOf(res);
  const data = {
    meter: await readCallMeter(editing, editing),
    article,
    refusal,
    typed: sale?.typed ?? typedSale({ article, query: req.query, translator }),
    faults: sale?.faults ?? {},
    bounds: marketBounds(translator),
    formId: formIdOf(req.body?.form),
  };
  sendPage(req, res, { view: EditView, title: translator.t('edit.title'), status, data });
}
