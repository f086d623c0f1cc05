import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Decision } from '../../../gen/quota/v1/quota_service';
import { type AdvisedClient, type Calls, openAdvisedClient, startCalls } from '../../chaos/calls';
import { createAdminClient } from '../../helpers/admin_client';
import { closedAfterEach } from '../../helpers/opened';
import type { QuotaClient } from '../../helpers/quota_client';
import { until } from '../../helpers/wait';
import { addStudent } from '../accounts';
import { newVisitor, operatorClient, TARGET } from '../client';
import { compose, healthOfAll, secret } from '../docker';
import { describeHardened } from '../hardened';
import { elevenLogins, expectEleventhDenied, logIn } from '../logins';
import { decidedByStore } from './daemons';
import { NODES, nodesOf, redisCli, replicated, settled } from './redis';

const run = promisify(execFile);

const opened = closedAfterEach();

const REPLACE = join(__dirname, '../../../deploy/replace_daemons.sh');

let client: QuotaClient;
let advised: AdvisedClient;
beforeAll(() => {
  client = operatorClient();
  advised = openAdvisedClient(TARGET, { policy: 'service-call', token: secret('operator_token') });
});
afterAll(() => {
  client.close();
  advised.close();
});

/** No two calls for one subject, so that no limit is reached. */
const newSubject = () => randomUUID();

/** Calls without an end, until the test ends. */
function startLoad(): Calls {
  return opened.closed(startCalls(advised.ask, newSubject), (calls) => calls.finish());
}

/** Subjects on all masters, each of which has taken all that it may; each replica knows it. */
async function exhaust(count: number): Promise<string[]> {
  const subjects = await decidedByStore(async () => {
    const fresh = Array.from({ length: count }, newSubject);
    for (const subject of fresh)
      await client.batchAdmit(Array.from({ length: 10 }, () => ({ subject, policy: 'connection' })));
    return fresh;
  });
  await replicated();
  return subjects;
}

/** What the store decides on one more admission of each. */
async function decisionsOfStore(subjects: readonly string[]): Promise<Decision[]> {
  const answers = await decidedByStore(() =>
    Promise.all(subjects.map((subject) => client.admit({ subject, policy: 'connection' }))),
  );
  return answers.map(({ decision }) => decision);
}

async function containersOf(service: string): Promise<string[]> {
  return (await compose('ps', '--quiet', service)).trim().split('\n').sort();
}

describe('the stack with a Cluster', () => {
  test('runs every service healthy, three daemons and two web tiers among them', async () => {
    const services = ['daemon', 'daemon', 'daemon', 'haproxy', 'mysql', ...NODES, 'web', 'web'];

    expect(await healthOfAll()).toEqual(services.map((service) => `${service} healthy`));
  });

  test('shares the slots between three masters, each with a replica', async () => {
    const nodes = await nodesOf('redis-1');
    const shares = nodes.map(({ slotCount }) => slotCount).filter((count) => count > 0);

    expect(nodes.map(({ name }) => name).sort()).toEqual([...NODES]);
    expect(shares.sort()).toEqual([5461, 5461, 5462]);
    expect(nodes.filter(({ isMaster }) => !isMaster)).toHaveLength(3);
  });

  test('admits ten logins and denies the eleventh', expectEleventhDenied);

  test('has three daemons, and each answers', async () => {
    const admin = createAdminClient(TARGET, { token: secret('operator_token') });
    const daemons = await admin.listDaemons();
    admin.close();

    expect(new Set(daemons.map(({ daemonId }) => daemonId)).size).toBe(3);
  });

  test('replaces every daemon under load, and no call and no page fails', async () => {
    const email = await addStudent();
    const visitor = newVisitor();
    await logIn(email, visitor);
    const before = await containersOf('daemon');
    const calls = startLoad();
    await calls.more(200);
    const pages: number[] = [];
    let isReplaced = false;
    const visiting = (async () => {
      while (!isReplaced) pages.push((await visitor.get('/services')).response.status);
    })();
    await run(REPLACE).finally(() => {
      isReplaced = true;
    });
    await visiting;
    await calls.more(200);
    await calls.finish();

    expect([calls.failures, calls.deniedCount]).toEqual([[], 0]);
    expect(new Set(pages)).toEqual(new Set([200]));
    expect((await containersOf('daemon')).filter((id) => before.includes(id))).toEqual([]);
  });

  test('goes on after a master is killed, forgets nothing that was replicated, and takes it back', async () => {
    await settled('redis-1');
    const exhausted = await exhaust(30);
    const victim = (await nodesOf('redis-1')).find(({ isMaster, name }) => isMaster && name !== 'redis-1');
    const name = victim?.name ?? '';
    await compose('kill', name);
    await until('its replica to be promoted', async () => {
      const nodes = await nodesOf('redis-1');
      const owners = nodes.filter(({ slotCount }) => slotCount > 0);
      return owners.length === 3 && owners.every((node) => node.name !== name && !node.hasFailed);
    });
    const calls = startLoad();
    await decidedByStore(() => calls.more(300));
    await calls.finish();

    expect(new Set(await decisionsOfStore(exhausted))).toEqual(new Set([Decision.DENIED]));
    await expectEleventhDenied(() => decidedByStore(elevenLogins));
    await compose('start', name);
    await settled('redis-1');
    await until('the former master to follow', async () => {
      const node = (await nodesOf('redis-1')).find((other) => other.name === name);
      return node?.isMaster === false;
    });
  });

  test('knows all counts after all of it was taken down and up again, whatever addresses it got', async () => {
    const exhausted = await exhaust(5);
    await compose('down', '--timeout', '20');
    await compose('up', '--wait');
    await settled('redis-1');

    expect(new Set(await decisionsOfStore(exhausted))).toEqual(new Set([Decision.DENIED]));
  });
});

describe('docs/operations.md, its commands on a Cluster', () => {
  const ANY = 'redis-1:6379';
  /** Redis gives up a promotion after 5 s without a word (CLUSTER_MF_TIMEOUT), as on a busy machine. */
  const PROMOTION_MS = 6_000;
  const cluster = (...args: string[]) => redisCli('redis-1', '--cluster', ...args);

  /** A server that has left the Cluster and forgotten all of it, as a new one. */
  async function renew(name: string): Promise<void> {
    await redisCli(name, 'FLUSHALL');
    await redisCli(name, 'CLUSTER', 'RESET', 'HARD');
  }

  /** Waits until all servers agree about the slots, and one that has just joined serves too. */
  async function agreed(joined: string): Promise<void> {
    await until('the servers to agree', () =>
      cluster('check', ANY).then(
        () => true,
        () => false,
      ),
    );
    await until('the new server to serve', async () =>
      (await redisCli(joined, 'CLUSTER', 'INFO')).includes('cluster_state:ok'),
    );
  }

  async function addressOf(name: string): Promise<string> {
    const { stdout } = await run('docker', [
      'inspect',
      '--format',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      (await compose('ps', '--quiet', name)).trim(),
    ]);
    return `${stdout.trim()}:6379`;
  }

  test('replace a replica, add it as a master with its share of the slots, move slots, and remove it, under load', async () => {
    await settled('redis-1');
    const exhausted = await exhaust(20);
    const calls = startLoad();
    await calls.more(100);
    const replica = (await nodesOf('redis-1')).find(({ isMaster, name }) => !isMaster && name !== 'redis-1');
    const name = replica?.name ?? '';

    await cluster('del-node', ANY, replica?.id ?? '');
    await renew(name);
    await cluster('add-node', await addressOf(name), ANY);
    await agreed(name);
    // A small share, as each slot takes its time: the command is the same.
    const added = (await nodesOf('redis-1')).find((node) => node.name === name);
    await cluster('rebalance', ANY, '--cluster-use-empty-masters', '--cluster-weight', `${added?.id}=0.03`);
    await settled('redis-1', { masters: 4 });
    const share = (await nodesOf('redis-1')).find((node) => node.name === name)?.slotCount ?? 0;
    expect(share).toBeGreaterThan(100);

    const other = (await nodesOf('redis-1')).find((node) => node.slotCount > 0 && node.name !== name);
    await cluster(
      ...['reshard', ANY, '--cluster-from', added?.id ?? '', '--cluster-to', other?.id ?? ''],
      ...['--cluster-slots', '10', '--cluster-yes'],
    );
    await until('the slots to have moved', async () => {
      const nodes = await nodesOf('redis-1');
      return nodes.find((node) => node.name === name)?.slotCount === share - 10;
    });

    await agreed(name);
    await cluster('rebalance', ANY, '--cluster-weight', `${added?.id}=0`);
    await settled('redis-1', { masters: 3 });
    await cluster('del-node', ANY, added?.id ?? '');
    await renew(name);
    const bare = (await nodesOf('redis-1')).filter(({ slotCount }) => slotCount > 0);
    const masters = new Set((await redisCli('redis-1', 'CLUSTER', 'NODES')).match(/slave [0-9a-f]{40}/g));
    const alone = bare.find(({ id }) => !masters.has(`slave ${id}`));
    await cluster(
      'add-node',
      await addressOf(name),
      ANY,
      '--cluster-slave',
      '--cluster-master-id',
      alone?.id ?? '',
    );
    await settled('redis-1');
    await until('the replica to have its data', async () =>
      (await redisCli(name, 'INFO', 'replication')).includes('master_link_status:up'),
    );
    let askedMs = Number.NEGATIVE_INFINITY;
    await until('the replica to be a master', async () => {
      if ((await redisCli(name, 'INFO', 'replication')).includes('role:master')) return true;
      if (performance.now() - askedMs > PROMOTION_MS) {
        askedMs = performance.now();
        await redisCli(name, 'CLUSTER', 'FAILOVER').catch(() => undefined);
      }
      return false;
    });
    await calls.finish();

    // While a slot moves, and until its partition is probed again, calls follow their rule; none is lost.
    expect([calls.failures, calls.deniedCount]).toEqual([[], 0]);
    expect(new Set(await decisionsOfStore(exhausted))).toEqual(new Set([Decision.DENIED]));
  });
});

describeHardened(['daemon', 'haproxy', 'redis-1', 'web']);
