import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type Site, serveSite } from '../fakes';

let site: Site;

beforeEach(async () => {
  site = await serveSite();
});
afterEach(() => site.close());

test.each([
  ['/login', '/login', 200],
  ['/students/7?q=x', '/students/:id', 303],
  ['/nowhere/at/all', 'other', 404],
  ['/assets/site-1234.css', '/assets', 404],
])('site: the request %s is counted as %s with its status and duration', async (path, route, code) => {
  await (await fetch(`${site.url}${path}`, { redirect: 'manual' })).text();
  expect(site.answered).toEqual([{ method: 'GET', route, code, durationS: expect.any(Number) }]);
});
