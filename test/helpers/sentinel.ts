import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { provided } from './environment';
import { LOOPBACK, type Machine } from './machine';
import { freePort } from './ports';
import { type OwnRedis, type ServerEnvs, startOwnRedis } from './redis';
import { PLAIN, type ServerSecurity } from './redis_security';
import { until } from './wait';

const NAME = 'quota';
const PASSWORD = 'of-the-servers';

/** What the Sentinels themselves ask for. */
export const SENTINEL_PASSWORD = 'of-the-sentinels';

/** A master with two replicas, and three Sentinels that watch over them. */
export interface OwnSentinels {
  /** REDIS_URL, with the servers' password unless they have users. */
  readonly url: string;
  /** The master's address, according to the Sentinels. */
  masterPort(): Promise<number>;
  /** The servers, the first master first. */
  readonly servers: readonly OwnRedis[];
  /** The servers' password. */
  readonly password: string;
  /** Resolves once each replica has all that the master has written. */
  replicated(): Promise<void>;
  /** Ends the master as a crash would, and resolves once the Sentinels have put a replica in its place. */
  failOver(): Promise<void>;
  close(): Promise<void>;
}

export interface OwnSentinelsOptions {
  readonly security?: ServerSecurity;
  /** Of redis.conf, beyond what every test needs. */
  readonly config?: Readonly<Record<string, string>>;
  /** What the Sentinels ask for; empty for nothing. */
  readonly sentinelPassword?: string;
  /** A master that does not answer for this long has failed; 1,500 ms unless given. */
  readonly downAfterMs?: number;
  /** Where the master, the two replicas and the three Sentinels run; on loopback unless given. */
  readonly machines?: readonly Machine[];
  /** The environments of the servers, the master first. */
  readonly envs?: ServerEnvs;
}

export async function startSentinels({
  security = PLAIN,
  config: more = {},
  sentinelPassword = SENTINEL_PASSWORD,
  downAfterMs = 1500,
  machines = [],
  envs: [masterEnv, ...replicaEnvs] = [],
}: OwnSentinelsOptions = {}): Promise<OwnSentinels> {
  const { password = PASSWORD } = security.client;
  const hasUsers = security.client.password !== undefined;
  const config = {
    masterauth: password,
    ...(hasUsers ? {} : { requirepass: password }),
    // A server that waits for a busy disk is taken for one that has failed.
    appendfsync: 'everysec',
    ...more,
  };
  const [masterMachine, ...others] = machines;
  const master = await startOwnRedis({ config, security, env: masterEnv, machine: masterMachine });
  const replicaof = [master.host, `${master.port}`];
  const replicas = await Promise.all(
    [0, 1].map((at) =>
      startOwnRedis({
        config: { ...config, replicaof },
        security,
        env: replicaEnvs[at],
        machine: others[at],
      }),
    ),
  );
  const servers = [master, ...replicas];
  const sentinels = await Promise.all(
    [2, 3, 4].map((at) =>
      startSentinel({
        master,
        password,
        sentinelPassword,
        downAfterMs,
        security,
        machine: others[at],
      }),
    ),
  );
  const observer = new Redis({
    ...security.client,
    host: sentinels[0]?.host,
    port: sentinels[0]?.port,
    password: sentinelPassword,
  });
  // The Sentinel may not listen yet.
  observer.on('error', () => undefined);

  async function masterPort(): Promise<number> {
    const address = (await observer.call('SENTINEL', 'get-master-addr-by-name', NAME)) as string[];
    return Number(address[1]);
  }

  /** The Sentinels can agree on a failover once each knows the others and the replicas. */
  async function knowEachOther(): Promise<boolean> {
    const flat = (await observer.call('SENTINEL', 'master', NAME)) as string[];
    const numberOf = (field: string) => flat[flat.indexOf(field) + 1];
    return numberOf('num-slaves') === '2' && numberOf('num-other-sentinels') === '2';
  }

  await until('the Sentinels know each other', knowEachOther);
  const scheme = security.isEncrypted ? 'rediss+sentinel' : 'redis+sentinel';
  const user = hasUsers ? '' : `:${PASSWORD}@`;
  const addresses = sentinels.map(({ host, port }) => `${host}:${port}`);
  return {
    url: `${scheme}://${user}${addresses.join(',')}/${NAME}/0`,
    masterPort,
    servers,
    password,
    async replicated() {
      const port = await masterPort();
      const host = servers.find((server) => server.port === port)?.host;
      const redis = new Redis({ ...security.client, host, port, password });
      // WAIT covers what its own connection has written. A master that needs replicas rejects writes until it has them.
      const hasAll = () =>
        redis.set('replicated', '1').then(
          async () => (await redis.wait(2, 5000)) === 2,
          () => false,
        );
      try {
        await until('the replicas have all that the master has written', hasAll);
      } finally {
        redis.disconnect();
      }
    },
    async failOver() {
      const port = await masterPort();
      await servers.find((server) => server.port === port)?.kill();
      await until('another master', async () => (await masterPort()) !== port);
    },
    async close() {
      observer.disconnect();
      await Promise.all([...sentinels, ...servers].map((server) => server.close()));
    },
  };
}

async function startSentinel({
  master,
  password,
  sentinelPassword,
  downAfterMs,
  security,
  machine = LOOPBACK,
}: {
  master: OwnRedis;
  password: string;
  sentinelPassword: string;
  downAfterMs: number;
  security: ServerSecurity;
  machine: Machine | undefined;
}): Promise<Pick<OwnRedis, 'host' | 'port' | 'close'>> {
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), 'quota-sentinel-'));
  const file = join(directory, 'sentinel.conf');
  // Sentinel keeps what it learns in its configuration.
  writeFileSync(
    file,
    [
      ...(security.isEncrypted ? ['port 0', `tls-port ${port}`, ...tlsLines(security)] : [`port ${port}`]),
      `bind ${machine.address}`,
      `dir ${directory}`,
      ...(sentinelPassword === ''
        ? ['protected-mode no']
        : [`requirepass ${sentinelPassword}`, `sentinel sentinel-pass ${sentinelPassword}`]),
      `sentinel monitor ${NAME} ${master.host} ${master.port} 2`,
      `sentinel auth-pass ${NAME} ${password}`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} 3000`,
      '',
    ].join('\n'),
  );
  const [program = '', ...args] = [...machine.command, provided('REDIS_SERVER_PATH'), file, '--sentinel'];
  const server: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  return {
    host: machine.address,
    port,
    async close() {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What a Sentinel shares with the servers. */
function tlsLines({ config }: ServerSecurity): string[] {
  const names = Object.entries(config).filter(([name]) => name.startsWith('tls-') && name !== 'tls-cluster');
  return names.map(([name, value]) => `${name} ${value}`);
}
