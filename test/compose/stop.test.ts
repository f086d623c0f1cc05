import { afterEach, describe, expect, test } from '@jest/globals';
import { startLoad } from '../chaos/load';
import type { QuotaClient } from '../helpers/quota_client';
import { addStudent } from './accounts';
import { callCount, operatorClient } from './client';
import { compose, inspect, SERVICES } from './docker';
import { logIn } from './logins';

/** Enough that the load is still running when the stack goes down. */
const CALLS = 20_000;

let clients: QuotaClient[] = [];
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});

function newClient(): QuotaClient {
  const client = operatorClient();
  clients.push(client);
  return client;
}

describe('docker compose stop', () => {
  test('under load, it drains, and after the next start all that was acknowledged is there, once', async () => {
    const email = await addStudent();
    let client = newClient();
    const before = await callCount(client, 'achat');
    const ids: string[] = [];
    const load = startLoad({
      count: CALLS,
      client: () => client,
      ask: async (asked, requestId) => {
        await asked.recordCall({ subject: 'stopped', service: 'achat', requestId });
        ids.push(requestId);
      },
    });
    await load.answered(500);

    await compose('stop');
    const acknowledged = ids.length;
    const ends = await Promise.all(SERVICES.map(inspect));
    await compose('up', '--wait');
    client = newClient();
    load.stop();
    await load.done;

    // Of those that were under way when the load was stopped, some are in, unacknowledged.
    const counted = (await callCount(client, 'achat')) - before;
    const repeats: boolean[] = [];
    // All at once would be more than a busy daemon takes.
    for (const requestId of ids.slice(-500))
      repeats.push(await client.recordCall({ subject: 'stopped', service: 'achat', requestId }));

    expect(ends.map(({ State }) => [State.Status, State.ExitCode])).toEqual(
      SERVICES.map(() => ['exited', 0]),
    );
    expect(acknowledged).toBeLessThan(CALLS);
    expect(counted).toBeGreaterThanOrEqual(ids.length);
    expect(counted).toBeLessThanOrEqual(ids.length + 8);
    expect(new Set(repeats)).toEqual(new Set([false]));
    expect((await logIn(email)).status).toBe(303);
  });
});
