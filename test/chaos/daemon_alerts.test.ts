import { afterAll } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import { accessFile, createFolder } from '../helpers/access';
import { createAdminClient } from '../helpers/admin_client';
import { describeAlerts, type Stands } from '../helpers/alerts';
import { createAuthority } from '../helpers/certificates';
import type { TestDaemon } from '../helpers/daemon';
import { failingPolicies } from '../helpers/failing_policies';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();
const folder = createFolder();
afterAll(() => folder.remove());

const STOPPED_MS = 150;

const DAY_MS = 24 * 3_600_000;

/** Beyond what a pipe, both ends of it, and the daemon's own buffer hold. */
const UNREAD_CHANGES = 6_000;
const CHANGES_AT_ONCE = 250;

/** More than 0.2 a second in five minutes, and more than three times as many as in an hour. */
const DENIED = 500;

async function start(options: { policies?: string; env?: Record<string, string> } = {}) {
  const space = opened.space();
  const daemon = await opened.daemon({ redisUrl: space.url, prefix: space.prefix, ...options });
  return { daemon };
}

async function askWithoutToken({ client }: TestDaemon): Promise<void> {
  for (let call = 0; call < 10; call += 1)
    await client.admit({ subject: '42', policy: 'connection' }).catch(() => undefined);
}

async function changeUnread(daemon: TestDaemon): Promise<void> {
  const admin = opened.closed(createAdminClient(daemon.target), (client) => client.close());
  daemon.process.stdout?.pause();
  const target = { subject: '42', policy: 'connection', limitName: 'per-window' };
  for (let left = UNREAD_CHANGES; left > 0; left -= CHANGES_AT_ONCE)
    await Promise.all(Array.from({ length: CHANGES_AT_ONCE }, () => admin.clearOverride(target)));
  daemon.process.stdout?.resume();
}

const STANDS: Stands = {
  async QuotaDaemonDown() {
    const { daemon } = await start();
    return { metricsUrl: daemon.httpUrl, begin: daemon.stop, labels: { job: 'quota-daemon' } };
  },
  async QuotaDaemonNotReady() {
    const { daemon } = await start({ env: { QUOTA_DRAIN_DELAY_MS: '60000' } });
    opened.closed(daemon.process, (process) => process.kill('SIGKILL'));
    return {
      metricsUrl: daemon.httpUrl,
      begin: async () => daemon.process.kill('SIGTERM'),
      labels: { part: 'grpc' },
    };
  },
  async QuotaEventLoopDelay() {
    const { daemon } = await start();
    // Shorter than a scrape waits: the process forgets its delays once it has shown them.
    const stopForAMoment = () => {
      daemon.process.kill('SIGSTOP');
      setTimeout(() => daemon.process.kill('SIGCONT'), STOPPED_MS);
    };
    const begin = async () => opened.closed(setInterval(stopForAMoment, 2 * STOPPED_MS), clearInterval);
    return { metricsUrl: daemon.httpUrl, begin, labels: { job: 'quota-daemon' } };
  },
  async QuotaPoliciesRefused() {
    const { daemon } = await start({ policies: failingPolicies('local') });
    return { metricsUrl: daemon.httpUrl, begin: async () => daemon.writePolicies('policies: none') };
  },
  async QuotaCallersRefused() {
    const identities = [{ name: 'web', role: 'caller', tokens: [newToken()] }] as const;
    const env = { QUOTA_ACCESS: folder.write('access.yaml', accessFile(identities)) };
    const { daemon } = await start({ env });
    return {
      metricsUrl: daemon.httpUrl,
      begin: () => askWithoutToken(daemon),
      labels: { code: 'UNAUTHENTICATED' },
    };
  },
  async QuotaCertificateExpires() {
    const authority = await createAuthority('ours');
    const issue = async (days: number) => {
      const { key, certificate } = await authority.issue({ commonName: 'daemon', validForMs: days * DAY_MS });
      return {
        QUOTA_TLS_KEY: folder.write('daemon.key', key),
        QUOTA_TLS_CERT: folder.write('daemon.pem', certificate),
      };
    };
    const env = await issue(30);
    const { daemon } = await start({ env });
    return { metricsUrl: daemon.httpUrl, begin: () => issue(10), labels: { file: env.QUOTA_TLS_CERT } };
  },
  async QuotaPoliciesDiffer() {
    const { daemon } = await start({ policies: failingPolicies('local') });
    const { daemon: other } = await start({ policies: failingPolicies('local') });
    return {
      metricsUrl: daemon.httpUrl,
      otherMetricsUrls: [other.httpUrl],
      begin: async () => other.writePolicies(failingPolicies('deny')),
      isOfAll: true,
    };
  },
  async QuotaDenialSpike() {
    const { daemon } = await start();
    const begin = () => daemon.client.batchAdmit(Array(DENIED).fill({ subject: '42', policy: 'connection' }));
    return { metricsUrl: daemon.httpUrl, begin, isOfAll: true, labels: { policy: 'connection' } };
  },
  async QuotaLogDropped() {
    const { daemon } = await start({ env: { QUOTA_SHEDDING: 'off' } });
    return { metricsUrl: daemon.httpUrl, begin: () => changeUnread(daemon) };
  },
};

describeAlerts(opened, STANDS);
