import { hasPassword } from '../files/settings';
import { readTlsFiles, type TlsFiles, TlsInvalid } from '../files/tls_files';
import { FileUnreadable } from '../files/watched_files';
import { parseRedisUrl } from './address';

const TLS_VARIABLES = ['REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY'] as const;

type Variable =
  | 'REDIS_URL'
  | 'REDIS_CALLS_URL'
  | 'REDIS_PASSWORD'
  | 'REDIS_SENTINEL_PASSWORD'
  | (typeof TLS_VARIABLES)[number];

type Environment = Readonly<Partial<Record<Variable, string>>>;

/** How connections to Redis are secured, besides what the URLs say. */
export interface RedisSecurity {
  /** For `rediss:` and the like: whose certificates are believed, and what is shown; undefined: the system's authorities. */
  readonly tls: TlsFiles | undefined;
  readonly sentinelPassword: string | undefined;
}

export function toRedisSecurity(env: Environment): RedisSecurity {
  const { REDIS_TLS_CA: authorityFile, REDIS_TLS_CERT: certificateFile, REDIS_TLS_KEY: keyFile } = env;
  const hasIdentity = certificateFile !== undefined && keyFile !== undefined;
  const identity = hasIdentity ? { certificateFile, keyFile } : undefined;
  const isUsed = hasIdentity || authorityFile !== undefined;
  return {
    tls: isUsed ? { identity, authorityFile } : undefined,
    sentinelPassword: env.REDIS_SENTINEL_PASSWORD,
  };
}

/** Faults between variables: halves of a pair, unused settings, and files that cannot be used. */
export function redisFaults(env: Environment): string[] {
  return [...passwordFaults(env), ...tlsFaults(env), ...sentinelFaults(env)];
}

/** A password may be set in one place only, or it would be unclear which one applies. */
function passwordFaults({ REDIS_URL = '', REDIS_PASSWORD }: Environment): string[] {
  const isTwice = REDIS_PASSWORD !== undefined && hasPassword(REDIS_URL);
  return isTwice ? ['REDIS_PASSWORD is set, and REDIS_URL holds a password too'] : [];
}

function tlsFaults(env: Environment): string[] {
  const { REDIS_TLS_CERT, REDIS_TLS_KEY } = env;
  const [first] = TLS_VARIABLES.filter((name) => env[name] !== undefined);
  if (first === undefined) return [];
  if (!addresses(env).some((address) => address.isEncrypted))
    return [`${first} is set, and no URL of Redis is encrypted: use rediss: in place of redis:`];
  if ((REDIS_TLS_CERT === undefined) !== (REDIS_TLS_KEY === undefined)) {
    const [missing, given] =
      REDIS_TLS_KEY === undefined ? ['REDIS_TLS_KEY', 'REDIS_TLS_CERT'] : ['REDIS_TLS_CERT', 'REDIS_TLS_KEY'];
    return [`${missing} is required beside ${given}`];
  }
  return fileFaults(toRedisSecurity(env).tls);
}

function fileFaults(files: TlsFiles | undefined): string[] {
  try {
    if (files !== undefined) readTlsFiles(files);
    return [];
  } catch (error) {
    if (error instanceof TlsInvalid || error instanceof FileUnreadable)
      return [`REDIS_TLS_CA and the like: ${error.message}`];
    throw error;
  }
}

function sentinelFaults(env: Environment): string[] {
  const isUnused =
    env.REDIS_SENTINEL_PASSWORD !== undefined && !addresses(env).some(({ kind }) => kind === 'sentinel');
  return isUnused ? ['REDIS_SENTINEL_PASSWORD is set, and no URL of Redis names Sentinels'] : [];
}

/** The URLs that are right by themselves; the faults of others are listed beside these. */
function addresses({ REDIS_URL = '', REDIS_CALLS_URL = '' }: Environment) {
  return [REDIS_URL, REDIS_CALLS_URL].flatMap((url) => parseRedisUrl(url) ?? []);
}
