import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createSiteClient } from '../../web/quota/client';
import { closedAfterEach } from '../helpers/opened';
import { createVisitor, tokenIn } from '../helpers/visitor';
import { until } from '../helpers/wait';
import { serveSite } from '../unit/web/fakes';

const opened = closedAfterEach();

const SALE = { title: 'L’Étranger', category: 'book', condition: 'good', price: '4,50' };

/** A site on a daemon of its own, and a student with a form to sell with. */
async function start() {
  const daemon = await opened.daemon({ redisUrl: 'memory:' });
  const client = createSiteClient({ target: daemon.target, logger: pino({ level: 'silent' }) });
  opened.closed(client, (each) => each.close());
  const site = opened.closed(await serveSite({ daemon: client }), (each) => each.close());
  const visitor = createVisitor(site.url);
  await until('the student is logged in', async () => (await visitor.logIn()).response.status === 303);
  const { html } = await visitor.get('/services/vente');
  const form = /name="form" value="([^"]+)"/.exec(html)?.[1] ?? '';
  /** Sends the same form, again if the daemon was too late, as on a busy machine. */
  async function send(): Promise<number> {
    for (;;) {
      const { response } = await visitor.post('/services/vente', { ...SALE, form, _csrf: tokenIn(html) });
      if (response.status !== 503) return response.status;
    }
  }
  const left = async () => (await client.limits({ subject: '1', policy: 'service-call' }))[0]?.remaining;
  return { site, send, left };
}

describe('a call whose database fails', () => {
  test('is given back; the same form, sent again, is carried out and takes one token', async () => {
    const { site, send, left } = await start();
    const { sell } = site.market;
    site.market.sell = async () => {
      throw new Error('the database is gone');
    };
    for (let count = 0; count < 3; count += 1) {
      expect(await send()).toBe(500);
      await until('the token is given back', async () => (await left()) === 10);
    }
    site.market.sell = sell;

    expect(await send()).toBe(303);
    expect(await send()).toBe(303);
    expect(site.market.articles).toHaveLength(1);
    expect(await left()).toBe(9);
  });
});
