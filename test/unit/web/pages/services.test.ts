import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, DENIED, type Site, serveSite, tokenIn, unavailable, type Visitor } from '../fakes';

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
});

afterEach(() => site.close());

/** Logs in, then forgets what the login asked. */
async function logIn(): Promise<void> {
  await visitor.logIn();
  site.quota.asked.length = 0;
}

describe('services', () => {
  test('services: a visitor, is sent to the login', async () => {
    const { response } = await visitor.get('/services');
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
  });

  test('services: logged in, both services and nothing to keep', async () => {
    await logIn();
    const { response, html } = await visitor.get('/services');
    expect(html).toContain('<button type="submit">Vente</button>');
    expect(html).toContain('<button type="submit">Achat</button>');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('services: the first page after a login, one token for all of its forms', async () => {
    await visitor.logIn();
    const { html } = await visitor.get('/services');
    const tokens = [...html.matchAll(/name="_csrf" value="([^"]+)"/g)].map(([, token]) => token);
    expect(tokens).toHaveLength(3);
    expect(new Set(tokens).size).toBe(1);
  });

  test.each(['vente', 'achat'])(
    'services: a call of %s, asks first, then records, and says what is left',
    async (name) => {
      await logIn();
      const { response, html } = await visitor.submit('/services', `/services/${name}`);
      expect(response.status).toBe(200);
      expect(site.quota.asked).toEqual(['admit service-call 1', `record ${name} 1`]);
      expect(response.headers.get('ratelimit')).toBe('"per-window";r=7;t=412');
      expect(html).toContain('<strong>7</strong> of 10 calls left');
      expect(html).toContain('6 minutes 52 seconds');
    },
  );

  test('services: the quota is used up, 429 that explains itself, and nothing is recorded', async () => {
    await logIn();
    site.quota.answers.admissions['service-call'] = DENIED;
    const { response, html } = await visitor.submit('/services', '/services/vente');
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('66');
    expect(response.headers.get('ratelimit')).toBe('"per-window";r=0;t=412');
    expect(html).toContain('Vente was not called');
    expect(site.quota.asked).toEqual(['admit service-call 1']);
  });

  test('services: no daemon, 503 and the service is not called', async () => {
    await logIn();
    site.quota.answers.admissions['service-call'] = unavailable();
    const { response } = await visitor.submit('/services', '/services/vente');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('3');
    expect(site.quota.asked).toEqual(['admit service-call 1']);
  });

  test('services: the record fails, the page answers and the log has the request id', async () => {
    await logIn();
    site.quota.answers.recordCall = unavailable();
    const { response } = await visitor.submit('/services', '/services/vente');
    expect(response.status).toBe(200);
    const line = site.logLines
      .map((text) => JSON.parse(text))
      .find(({ msg }) => msg === 'a call was not recorded');
    expect(line).toMatchObject({ level: 50, requestId: 'r-1', userId: 1, service: 'vente' });
  });

  test('services: an unknown service, 404 and nothing is asked', async () => {
    await logIn();
    const { response } = await visitor.submit('/services', '/services/constructor');
    expect(response.status).toBe(404);
    expect(site.quota.asked).toEqual([]);
  });

  test('services: no token, 403 and nothing is asked', async () => {
    await logIn();
    expect((await visitor.post('/services/vente', {})).response.status).toBe(403);
    expect(site.quota.asked).toEqual([]);
  });

  test('services: a token of before the login, 403', async () => {
    const { html } = await visitor.get('/login');
    const token = tokenIn(html);
    await logIn();
    expect((await visitor.post('/services/vente', { _csrf: token })).response.status).toBe(403);
  });
});
