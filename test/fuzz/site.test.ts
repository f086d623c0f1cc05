import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { createCookieFetch, csrfTokenIn } from '../../scripts/demo/cookie_fetch';
import { createRandom } from '../../scripts/demo/random';
import { isDatabaseUnavailable } from '../../web/database';
import { createFolder } from '../helpers/access';
import { COLLECTING, FLAT_BYTES, heldBytes } from '../helpers/fuzz/heap';
import { FUZZ } from '../helpers/fuzz/settings';
import { crawl, type Form } from '../helpers/fuzz/site_forms';
import { anySiteRequest } from '../helpers/fuzz/site_requests';
import { closedAfterEach } from '../helpers/opened';
import type { LogLine } from '../helpers/processes';
import { PASSWORD, PEOPLE, startSite } from '../helpers/site';

const opened = closedAfterEach();
const folder = createFolder();
afterAll(() => folder.remove());

/** The shipped ones with more room, so that forms are read and not refused. */
const POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    raises: { per-window: { limit: 1000, for: 24h } }
    limits: [{ name: per-window, algorithm: sliding-window, limit: 999, window: 10m }]
  service-call:
    limits: [{ name: per-window, algorithm: sliding-window, limit: 1000, window: 10m }]
  login-attempt:
    limits: [{ name: burst, algorithm: token-bucket, limit: 10000, window: 10m }]
  password-attempt:
    limits: [{ name: per-window, algorithm: sliding-window, limit: 1000, window: 15m }]
`;

/** Of each person in each round. */
const REQUESTS = 120;
const AT_ONCE = 6;

/** An answer that goes on then is a stream, or waits for what was announced and never sent. */
const PATIENCE_MS = 1_500;

const MOST_PAGES = 40;

/** A busy machine may not answer in time, which the site says by 503. */
const UNAVAILABLE = 503;

const LATE: unknown[] = ['DEADLINE_EXCEEDED', 'UNAVAILABLE'];

/** Whether a line of a log reports a fault of ours: not that something was late. */
function reportsFault({ level, err }: LogLine): boolean {
  if (Number(level) < 50) return false;
  const error = Object.assign(new Error(), err);
  return !isDatabaseUnavailable(error) && !('grpcStatus' in error && LATE.includes(error.grpcStatus));
}

interface Outcome {
  readonly request: string;
  readonly statuses: readonly number[];
}

/** Sends it, and reads until the site closes, which it is asked to do. */
async function send(url: string, bytes: Buffer): Promise<Outcome> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const parts: Buffer[] = [];
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.on('data', (part) => parts.push(Buffer.from(part)));
  socket.write(bytes);
  await Promise.race([closed, pause(PATIENCE_MS)]);
  socket.destroy();
  const answer = Buffer.concat(parts).toString('latin1');
  const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
  return { request: bytes.toString('latin1').slice(0, 1_000), statuses };
}

/** Somebody who uses the site, or nobody; a session that has ended is begun again. */
async function createPerson(url: string, email: string | undefined) {
  const browser = createCookieFetch(url);
  const open = async (path: string) => (await browser.fetch(path)).text();
  let forms: readonly Form[] = [];
  let paths: readonly string[] = [];
  let csrf = '';

  async function renew(): Promise<void> {
    csrf = csrfTokenIn(await open(email === undefined ? '/login' : '/account')) ?? '';
    if (email === undefined || csrf !== '') return;
    const token = csrfTokenIn(await open('/login')) ?? '';
    const body = new URLSearchParams({ _csrf: token, email, password: PASSWORD });
    await browser.fetch('/login', { method: 'POST', body });
    csrf = csrfTokenIn(await open('/account')) ?? '';
  }

  await renew();
  ({ forms, paths } = await crawl(open, MOST_PAGES));
  return {
    renew,
    known: () => ({
      forms,
      paths,
      csrf,
      cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    }),
  };
}

test(`the site answers random forms, addresses and headers (seed ${FUZZ.seed}, ${FUZZ.rounds} rounds)`, async () => {
  const env = { ...COLLECTING, QUOTA_POLICIES: folder.write('policies.yaml', POLICIES), WEB_SIGN_UP: 'on' };
  const site = opened.closed(await startSite({ env }), (own) => own.close());
  const { web, daemon } = site;
  const random = createRandom(FUZZ.seed);
  const people = await Promise.all(
    [undefined, PEOPLE.ada.email, PEOPLE.eve.email].map((email) => createPerson(site.url, email)),
  );

  async function round(): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const person of people) {
      for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
        if (sent % (10 * AT_ONCE) === 0) await person.renew();
        const requests = Array.from({ length: AT_ONCE }, () => anySiteRequest(random, person.known()));
        outcomes.push(...(await Promise.all(requests.map((request) => send(site.url, request)))));
      }
    }
    return outcomes;
  }

  const measured = { process: web.process, metricsUrl: web.metricsUrl };
  const first = await round();
  const beforeBytes = await heldBytes(measured);
  const all = [...first];
  for (let done = 1; done < FUZZ.rounds; done += 1) all.push(...(await round()));
  const grownBytes = (await heldBytes(measured)) - beforeBytes;

  const isFault = (status: number) => status >= 500 && status !== UNAVAILABLE;
  expect(all.filter(({ statuses }) => statuses.some(isFault))).toEqual([]);
  expect(web.process.exitCode).toBeNull();
  expect([...web.log, ...daemon.log].filter(reportsFault)).toEqual([]);
  const unavailable = all.filter(({ statuses }) => statuses.includes(UNAVAILABLE));
  expect(unavailable.length).toBeLessThan(all.length / 10);
  const answeredWell = first.filter(({ statuses }) => statuses.some((status) => status < 400));
  expect(answeredWell.length).toBeGreaterThan(first.length / 5);
  expect(grownBytes).toBeLessThan(FLAT_BYTES);
}, 600_000);
