import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { ErrorView } from '../../../../web/pages/errors/view';
import type { SendPage } from '../../../../web/pages/view';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { DENIED, type Site, serveSite } from '../fakes';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
  await visitor.logIn();
});

afterEach(() => site.close());

/** The page that the switch to French returns to. */
async function shownInFrench(
  html: string,
): Promise<{ status: number; location: string | null; html: string }> {
  const [, address = ''] = /href="(\/language\/fr[^"]*)"/.exec(html) ?? [];
  const { response } = await visitor.get(address);
  const location = response.headers.get('location');
  const followed = await visitor.get(location ?? '/nowhere');
  const further = followed.response.headers.get('location');
  const last = further === null ? followed : await visitor.get(further);
  return { status: last.response.status, location, html: last.html };
}

describe('views', () => {
  test('views: a page with too little data or too much does not compile', async () => {
    const { req, res } = { req: {} as Request, res: {} as Response };
    const data = { status: 404, title: 'a title', text: 'a text', again: undefined };
    const sent: unknown[] = [];
    const sendPage: SendPage = (_req, _res, page) => sent.push(page.data);

    // @ts-expect-error: the view also needs a reference.
    sendPage(req, res, { view: ErrorView, title: '', data });
    // @ts-expect-error: the view knows no such field.
    sendPage(req, res, { view: ErrorView, title: '', data: { ...data, reference: 'r', colour: 'red' } });
    sendPage(req, res, { view: ErrorView, title: '', data: { ...data, reference: 'r' } });

    expect(sent).toHaveLength(3);
  });
});

describe('layout', () => {
  test('layout: a page that is not for this reader, no other page is marked as the one in sight', async () => {
    const { response, html } = await visitor.get('/students');
    expect(response.status).toBe(403);
    expect(html).not.toContain('aria-current="page"');
  });

  test('switch of the language: after a denied purchase it shows the same list with its filters', async () => {
    site.quota.answers.admissions['service-call'] = DENIED;
    const article = {
      title: 'Alien',
      category: 'dvd',
      condition: 'fair',
      priceCents: 300,
      description: '',
    } as const;
    await site.market.sell({ requestId: '', sellerId: 2, article });
    const path = '/services/achat?q=alien&sort=cheapest';
    const { response, html } = await visitor.submit('/services/achat', path, { article: '1' });
    expect(response.status).toBe(429);
    expect(await shownInFrench(html)).toMatchObject({ status: 200, location: path });
  });

  test.each(['/services/vente', '/services/achat', '/account/password', '/logout', '/students/1/reset'])(
    'switch of the language: after a form of %s that was too old it shows a page in French',
    async (path) => {
      const { response, html } = await visitor.post(path, {});
      expect(response.status).toBe(403);
      const french = await shownInFrench(html);
      expect(french.html).toContain('<html lang="fr">');
      expect(french.status).toBe(path.startsWith('/students') ? 403 : 200);
    },
  );

  test('switch of the language: after a form that is for the staff alone it shows the same rejection in French', async () => {
    const { response, html } = await visitor.submit('/account', '/students/1/reset', {});
    expect(response.status).toBe(403);
    expect(await shownInFrench(html)).toMatchObject({ status: 403, location: '/students/1/reset' });
  });
});
