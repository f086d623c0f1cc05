import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startLoad } from '../chaos/load';
import type { QuotaClient } from '../helpers/quota_client';
import { addStudent } from './accounts';
import { callCount, newVisitor, operatorClient } from './client';
import { compose, composeOf, engine, setting } from './docker';
import { logIn } from './logins';

const NEXT = 'test-next';

/** Enough that the load still runs after the last change of version. */
const CALLS = 200_000;

const IN_FLIGHT = 8;

let client: QuotaClient;
beforeAll(async () => {
  client = operatorClient();
  await composeOf(NEXT, 'build', 'daemon', 'web');
});
afterAll(async () => {
  client.close();
  await compose('up', '--wait');
  await engine('image', 'rm', '--force', `etuservices-daemon:${NEXT}`, `etuservices-web:${NEXT}`);
});

/** The version that the container of a service was made from, by the label of its image. */
async function runningVersion(service: 'daemon' | 'web'): Promise<string> {
  const id = (await compose('ps', '--quiet', service)).trim();
  const label = '{{index .Config.Labels "org.opencontainers.image.version"}}';
  return (await engine('inspect', '--format', label, id)).trim();
}

const files = () =>
  ['access/access.yaml', 'redis_users.acl', 'web_token'].map((name) =>
    readFileSync(join(setting('QUOTA_SECRETS'), name), 'utf8'),
  );

test('one version forward, back and forward again under traffic loses nothing and counts nothing twice', async () => {
  const email = await addStudent();
  const visitor = newVisitor();
  await logIn(email, visitor);
  const before = await callCount(client, 'achat');
  const secretsBefore = files();
  const ids: string[] = [];
  const load = startLoad({
    count: CALLS,
    client: () => client,
    ask: async (asked, requestId) => {
      await asked.recordCall({ subject: 'rolled', service: 'achat', requestId });
      ids.push(requestId);
    },
  });

  const seen: string[] = [];
  for (const version of [NEXT, setting('QUOTA_VERSION'), NEXT]) {
    await load.answered(ids.length + 200);
    await composeOf(version, 'up', '--wait', '--no-build');
    seen.push(await runningVersion('daemon'), await runningVersion('web'));
    // What the version in front of it wrote, each one reads.
    expect((await visitor.get('/services')).response.status).toBe(200);
  }
  await load.answered(ids.length + 200);
  load.stop();
  await load.done;

  const counted = (await callCount(client, 'achat')) - before;
  const repeats = await Promise.all(
    ids.slice(-200).map((requestId) => client.recordCall({ subject: 'rolled', service: 'achat', requestId })),
  );
  const first = setting('QUOTA_VERSION');
  expect(seen).toEqual([NEXT, NEXT, first, first, NEXT, NEXT]);
  expect(counted).toBeGreaterThanOrEqual(ids.length);
  expect(counted).toBeLessThanOrEqual(ids.length + IN_FLIGHT);
  expect(new Set(repeats)).toEqual(new Set([false]));
  expect(files()).toEqual(secretsBefore);
});
