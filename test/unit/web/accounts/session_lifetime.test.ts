import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { type Site, serveSite } from '../fakes';

const MINUTE_MS = 60 * 1_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `s:planted-id`, signed with the secret of the fakes by cookie-signature 1.0.7, as express-session did. */
const SIGNED_BEFORE = 's%3Aplanted-id.Sl%2FXIMpHN3%2FlfKRSbwqtQI4nEDX08mkq8I9s3a%2FS%2Fbg';

/** What passes between the making of an answer and the reading of its cookie, with much to spare. */
const TOLERANCE_MS = 60_000;

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
  await visitor.logIn();
});

afterEach(() => {
  jest.restoreAllMocks();
  return site.close();
});

/** As if the login had been so long ago. */
function ageBy(ms: number): void {
  for (const [id, { data, end }] of site.sessions.rows)
    site.sessions.rows.set(id, { data: { ...data, started: data.started - ms }, end });
}

/** Opens a page: the lines of its answer that set the cookie. */
async function openPage(): Promise<string[]> {
  const { response } = await visitor.get('/account');
  return response.headers.getSetCookie().filter((each) => each.startsWith('sid='));
}

/** Until when the browser and the server keep the session, from now on, after a page was opened. */
async function ends(): Promise<{ browserMs: number; serverMs: number }> {
  const [line = ''] = await openPage();
  const browser = new Date(/Expires=([^;]+)/.exec(line)?.[1] ?? 0).getTime();
  return { browserMs: browser - Date.now(), serverMs: storedEnd() - Date.now() };
}

function storedEnd(): number {
  const [row] = site.sessions.rows.values();
  return row?.end.getTime() ?? 0;
}

/** Lets the clock of the site go on. */
function waitFor(ms: number): void {
  const then = Date.now() + ms;
  jest.spyOn(Date, 'now').mockImplementation(() => then);
}

describe('lifetime of a session', () => {
  test('session: each page puts its end off by eight hours in the browser and on the server alike', async () => {
    const { browserMs, serverMs } = await ends();
    expect(Math.abs(browserMs - 8 * HOUR_MS)).toBeLessThan(TOLERANCE_MS);
    expect(Math.abs(serverMs - browserMs)).toBeLessThan(TOLERANCE_MS);
  });

  test('session: in its last hours it ends after seven days however busy it is', async () => {
    ageBy(7 * DAY_MS - 2 * HOUR_MS);
    const { browserMs, serverMs } = await ends();
    expect(Math.abs(browserMs - 2 * HOUR_MS)).toBeLessThan(TOLERANCE_MS);
    expect(Math.abs(serverMs - browserMs)).toBeLessThan(TOLERANCE_MS);
  });

  test('session: seven days old is over and its cookie is taken back', async () => {
    ageBy(7 * DAY_MS);
    const { response } = await visitor.get('/account');
    expect(response.headers.get('location')).toBe('/login?back=%2Faccount');
    expect(visitor.cookies.has('sid')).toBe(false);
    expect(site.sessions.rows.size).toBe(0);
  });

  test('session: without a beginning it is over', async () => {
    ageBy(Number.NaN);
    await visitor.get('/account');
    expect(visitor.cookies.has('sid')).toBe(false);
  });

  test('session: pages within a minute write its end once', async () => {
    const extend = jest.spyOn(site.sessions, 'extend');
    await openPage();
    expect(extend).not.toHaveBeenCalled();
    waitFor(61_000);
    await openPage();
    await openPage();
    expect(extend).toHaveBeenCalledTimes(1);
  });

  test('session: its stored end is never a minute away from eight hours after the last page', async () => {
    for (let step = 0; step < 20; step += 1) {
      waitFor(17_000);
      await openPage();
      const lateMs = Date.now() + 8 * HOUR_MS - storedEnd();
      expect(lateMs).toBeGreaterThanOrEqual(0);
      expect(lateMs).toBeLessThan(MINUTE_MS);
    }
  });

  test('session: a visitor without one is given no cookie', async () => {
    const stranger = createVisitor(site.url);
    await stranger.get('/');
    expect(stranger.cookies.size).toBe(0);
  });
});

describe('cookie of a session', () => {
  test('session: an answer sets it once, also one that ends the session or starts another', async () => {
    const { response: left } = await visitor.submit('/account', '/logout');
    const { response: entered } = await visitor.logIn();
    for (const { headers } of [left, entered])
      expect(headers.getSetCookie().filter((line) => line.startsWith('sid='))).toHaveLength(1);
  });

  test.each([
    ['of another id', (cookie: string) => cookie.replace(/s%3A./, 's%3A_')],
    ['without its signature', (cookie: string) => cookie.replace(/\..*$/, '')],
    ['with a signature of nothing', (cookie: string) => cookie.replace(/\..*$/, '.')],
    ['without its mark', (cookie: string) => cookie.replace('s%3A', '')],
  ])('session: a cookie %s opens none', async (_what, change) => {
    visitor.cookies.set('sid', change(visitor.cookies.get('sid') ?? ''));
    const { response } = await visitor.get('/account');
    expect(response.headers.get('location')).toBe('/login?back=%2Faccount');
    expect(site.sessions.rows.size).toBe(1);
  });

  test('session: a cookie that express-session signed is read', async () => {
    const [row] = site.sessions.rows.values();
    if (row === undefined) throw new Error('nobody is logged in');
    site.sessions.rows.set('planted-id', row);
    visitor.cookies.set('sid', SIGNED_BEFORE);
    expect((await visitor.get('/account')).response.status).toBe(200);
  });
});
