import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisOptions } from 'ioredis';
import { createFolder, type Folder } from './access';
import { type Authority, createAuthority, issueForDaemon } from './certificates';
import { provided } from './environment';

/** How the servers of a test are secured, and how the test itself reaches them. */
export interface ServerSecurity {
  /** Whether they speak TLS alone. */
  readonly isEncrypted: boolean;
  /** Of redis.conf. */
  readonly config: Readonly<Record<string, string>>;
  readonly client: Pick<RedisOptions, 'password' | 'tls'>;
  /** Of redis-cli. */
  readonly cli: readonly string[];
}

export const PLAIN: ServerSecurity = { isEncrypted: false, config: {}, client: {}, cli: [] };

/** Certificates for servers that ask for one of their clients. */
export interface TestTls extends ServerSecurity {
  /** The settings of a daemon that has a certificate of its own, and knows the servers' authority. */
  readonly env: Readonly<Record<'REDIS_TLS_CA' | 'REDIS_TLS_CERT' | 'REDIS_TLS_KEY', string>>;
  readonly authority: Authority;
  readonly folder: Folder;
}

export async function createTls(): Promise<TestTls> {
  const folder = createFolder();
  const authority = await createAuthority('of the servers');
  const [ofServer, ofClient] = await Promise.all([
    issueForDaemon(authority),
    authority.issue({ commonName: 'client' }),
  ]);
  const ca = folder.write('ca.pem', authority.certificate);
  const server = {
    cert: folder.write('server.pem', ofServer.certificate),
    key: folder.write('server.key', ofServer.key),
  };
  const client = {
    cert: folder.write('client.pem', ofClient.certificate),
    key: folder.write('client.key', ofClient.key),
  };
  return {
    isEncrypted: true,
    config: {
      'tls-cert-file': server.cert,
      'tls-key-file': server.key,
      'tls-ca-cert-file': ca,
      'tls-auth-clients': 'yes',
      'tls-replication': 'yes',
      'tls-cluster': 'yes',
    },
    client: { tls: { ca: authority.certificate, cert: ofClient.certificate, key: ofClient.key } },
    cli: ['--tls', '--cacert', ca, '--cert', client.cert, '--key', client.key],
    env: { REDIS_TLS_CA: ca, REDIS_TLS_CERT: client.cert, REDIS_TLS_KEY: client.key },
    authority,
    folder,
  };
}

const SECRETS = join(__dirname, '../../deploy/secrets.sh');

/** The users of the compose stack: operators, and a daemon that may do what it needs and nothing else. */
export interface TestUsers extends ServerSecurity {
  /** The password of the user `quota`. */
  readonly daemonPassword: string;
  readonly folder: Folder;
}

export function createUsers(): TestUsers {
  const folder = createFolder();
  const path = join(folder.write('.made', ''), '..');
  execFileSync('sh', [SECRETS, path], { stdio: 'pipe' });
  const read = (name: string) => readFileSync(join(path, name), 'utf8');
  const password = read('redis_password');
  const aclfile = folder.write('known_users.acl', knownRights(read('redis_users.acl')));
  return {
    isEncrypted: false,
    config: { aclfile, masteruser: 'default', masterauth: password },
    client: { password },
    cli: ['-a', password, '--no-auth-warning'],
    daemonPassword: read('redis_quota_password'),
    folder,
  };
}

/** Commands of Redis 7.2; an earlier server does not start if a user may run what it does not know. */
const SINCE_7_2 = ['waitaof', 'client|setinfo'];

function knownRights(users: string): string {
  const version = execFileSync(provided('REDIS_SERVER_PATH'), ['--version'], { encoding: 'utf8' });
  const [, major, minor] = /v=(\d+)\.(\d+)/.exec(version) ?? [];
  if (Number(major) > 7 || (Number(major) === 7 && Number(minor) >= 2)) return users;
  return SINCE_7_2.reduce((text, command) => text.replaceAll(` +${command}`, ''), users);
}
