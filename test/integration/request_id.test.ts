import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { closedAfterEach } from '../helpers/opened';
import type { LogLine } from '../helpers/processes';
import { PASSWORD, PEOPLE, startSite, type TestSite } from '../helpers/site';
import { createVisitor } from '../helpers/visitor';
import { until } from '../helpers/wait';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('the id of a request', () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await startSite();
  });

  afterAll(() => site.close());

  const logIn = () => createVisitor(site.url).logIn(PEOPLE.ada.email, PASSWORD);

  const denials = () => site.daemon.log.filter(({ msg }) => msg === 'denied');

  /** What the web tier logged of the request when it was answered. */
  const answered = (id: string) => site.web.log.find((line) => idOf(line) === id && line.res !== undefined);

  test('a login that is denied is under the id of the visitor in both logs', async () => {
    for (let login = 0; login < 10; login += 1) await logIn();
    const { response } = await logIn();
    const id = response.headers.get('x-request-id') ?? '';

    expect(response.status).toBe(429);
    await until('the denial in the log', () => denials().length > 0);
    expect(denials()).toEqual([expect.objectContaining({ callId: id, policy: 'connection' })]);
    await until('the request in the log', () => answered(id) !== undefined);
    expect(answered(id)).toMatchObject({ res: { statusCode: 429 } });
  });

  test('many calls rejected at the same time are each logged under their own id', async () => {
    const answers = await Promise.all(Array.from({ length: 9 }, () => logIn()));
    const ids = answers.map(({ response }) => response.headers.get('x-request-id'));

    await until('the denials in the log', () => denials().length > ids.length);
    for (const id of ids) expect(denials().filter(({ callId }) => callId === id)).toHaveLength(1);
  });

  test('a caller that gives none gets one that the daemon makes', async () => {
    for (let call = 0; call < 11; call += 1)
      await site.daemon.client.admit({ subject: 'direct', policy: 'service-call' });

    const direct = () => denials().find(({ policy }) => policy === 'service-call');
    await until('the denial in the log', () => direct() !== undefined);
    expect(direct()).toMatchObject({ callId: expect.stringMatching(UUID) });
  });
});

describe('a batch with a fault and a refusal in it', () => {
  const opened = closedAfterEach();

  test('logs a line for each, under the one id of the batch', async () => {
    const { url: redisUrl, prefix } = opened.space();
    const daemon = await opened.daemon({ redisUrl, prefix });
    await daemon.client.batchAdmit([
      { subject: '42', policy: 'made-up' },
      { subject: '42', policy: 'connection', cost: 11 },
      { subject: '42', policy: 'connection' },
    ]);
    const told = () => daemon.log.filter(({ callId }) => callId !== undefined);
    await until('both in the log', () => told().length >= 2);
    const lines = told();

    expect(lines.map(({ msg }) => msg).sort()).toEqual(['denied', 'request rejected']);
    expect(new Set(lines.map(({ callId }) => callId)).size).toBe(1);
  });
});

describe('the probes of the web tier', () => {
  test('a probe is answered, sets no cookie and is not logged', async () => {
    const site = await startSite();
    await until('ready', async () => (await fetch(`${site.url}/readyz`)).status === 200);
    const live = await fetch(`${site.url}/livez`);
    const ready = await fetch(`${site.url}/readyz`);

    expect([live.status, ready.status, await ready.json()]).toEqual([
      200,
      200,
      { ready: true, parts: { mysql: true, quota: true } },
    ]);
    expect(ready.headers.get('set-cookie')).toBeNull();
    expect(site.web.log.filter(({ req }) => req !== undefined)).toEqual([]);

    await site.daemon.stop();
    const without = await fetch(`${site.url}/readyz`);
    expect([without.status, await without.json()]).toEqual([
      503,
      { ready: false, parts: { mysql: true, quota: false } },
    ]);
    await site.close();
  });
});

function idOf({ req }: LogLine): string | undefined {
  return (req as { id?: string } | undefined)?.id;
}
