import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createVisitor, type Visitor } from '../../../helpers/visitor';
import { type Site, serveSite } from '../fakes';

const HOUR_MS = 60 * 60 * 1_000;
const DAY_MS = 24 * HOUR_MS;

/** What passes between the making of an answer and the reading of its cookie, with much to spare. */
const TOLERANCE_MS = 60_000;

let site: Site;
let visitor: Visitor;

beforeEach(async () => {
  site = await serveSite();
  visitor = createVisitor(site.url);
  await visitor.logIn();
});

afterEach(() => site.close());

/** As if the login had been so long ago. */
async function ageBy(ms: number): Promise<void> {
  for (const [id, text] of Object.entries(storedSessions())) {
    const session = JSON.parse(text);
    Object.assign(site.store, {
      sessions: { ...storedSessions(), [id]: JSON.stringify({ ...session, started: session.started - ms }) },
    });
  }
}

/** express-session's store in memory keeps them as texts. */
function storedSessions(): Record<string, string> {
  return 'sessions' in site.store ? (site.store.sessions as Record<string, string>) : {};
}

/** Until when the browser and the server keep the session, from now on, after a page was opened. */
async function ends(): Promise<{ browserMs: number; serverMs: number }> {
  const { response } = await visitor.get('/account');
  const line = response.headers.getSetCookie().find((each) => each.startsWith('sid=')) ?? '';
  const browser = new Date(/Expires=([^;]+)/.exec(line)?.[1] ?? 0).getTime();
  const [stored = '{}'] = Object.values(storedSessions());
  const server = new Date(JSON.parse(stored).cookie.expires).getTime();
  return { browserMs: browser - Date.now(), serverMs: server - Date.now() };
}

describe('lifetime of a session', () => {
  test('session: each page puts its end off by eight hours in the browser and on the server alike', async () => {
    const { browserMs, serverMs } = await ends();
    expect(Math.abs(browserMs - 8 * HOUR_MS)).toBeLessThan(TOLERANCE_MS);
    expect(Math.abs(serverMs - browserMs)).toBeLessThan(TOLERANCE_MS);
  });

  test('session: in its last hours it ends after seven days however busy it is', async () => {
    await ageBy(7 * DAY_MS - 2 * HOUR_MS);
    const { browserMs, serverMs } = await ends();
    expect(Math.abs(browserMs - 2 * HOUR_MS)).toBeLessThan(TOLERANCE_MS);
    expect(Math.abs(serverMs - browserMs)).toBeLessThan(TOLERANCE_MS);
  });

  test('session: seven days old is over and its cookie is taken back', async () => {
    await ageBy(7 * DAY_MS);
    const { response } = await visitor.get('/account');
    expect(response.headers.get('location')).toBe('/login?back=%2Faccount');
    expect(visitor.cookies.has('sid')).toBe(false);
    expect(storedSessions()).toEqual({});
  });

  test('session: a visitor without one is given no cookie', async () => {
    const stranger = createVisitor(site.url);
    await stranger.get('/');
    expect(stranger.cookies.size).toBe(0);
  });
});
