import { z } from 'zod';
import type { TlsFiles } from '../../environment/files/tls_files';

/** How to connect to the daemon, and with which credentials. */
export type QuotaSecurity = {
  /** Undefined: in plaintext. */
  tls: TlsFiles | undefined;
  /** The file whose first line is the bearer token; undefined if none is sent. */
  tokenFile: string | undefined;
};

/** The value that an operator must set to send a token in the clear. */
const PLAINTEXT = 'yes-the-network-is-trusted';

/** The variables, for the one schema of the environment. */
export const securityEnvironment = {
  QUOTA_TLS_CA: z.string().optional(),
  QUOTA_TLS_CLIENT_CERT: z.string().optional(),
  QUOTA_TLS_CLIENT_KEY: z.string().optional(),
  QUOTA_TOKEN_FILE: z.string().optional(),
  QUOTA_ALLOW_PLAINTEXT: z.literal(PLAINTEXT, `is neither unset nor ${PLAINTEXT}`).optional(),
};

type Environment = Readonly<Partial<Record<keyof typeof securityEnvironment | 'QUOTA_TARGET', string>>>;

export function toSecurity(env: Environment): QuotaSecurity {
  const { QUOTA_TLS_CLIENT_CERT: certificateFile, QUOTA_TLS_CLIENT_KEY: keyFile } = env;
  const hasIdentity = certificateFile !== undefined && keyFile !== undefined;
  const identity = hasIdentity ? { certificateFile, keyFile } : undefined;
  const authorityFile = env.QUOTA_TLS_CA;
  return {
    tls: authorityFile === undefined ? undefined : { authorityFile, identity },
    tokenFile: env.QUOTA_TOKEN_FILE,
  };
}

/** Faults of several variables: halves of a pair, and a token that others on the network could read. */
export function securityFaults(env: Environment): string[] {
  const { QUOTA_TLS_CA, QUOTA_TLS_CLIENT_CERT, QUOTA_TLS_CLIENT_KEY, QUOTA_TOKEN_FILE, QUOTA_TARGET } = env;
  const faults: string[] = [];
  if ((QUOTA_TLS_CLIENT_CERT === undefined) !== (QUOTA_TLS_CLIENT_KEY === undefined))
    faults.push('QUOTA_TLS_CLIENT_CERT: goes together with QUOTA_TLS_CLIENT_KEY');
  if (QUOTA_TLS_CLIENT_CERT !== undefined && QUOTA_TLS_CA === undefined)
    faults.push('QUOTA_TLS_CA: is required beside QUOTA_TLS_CLIENT_CERT');
  const isInClear = QUOTA_TOKEN_FILE !== undefined && QUOTA_TLS_CA === undefined;
  if (isInClear && env.QUOTA_ALLOW_PLAINTEXT === undefined && !isOnThisMachine(QUOTA_TARGET))
    faults.push(
      `QUOTA_TOKEN_FILE: the token would cross the network in the clear; set QUOTA_TLS_CA, or else QUOTA_ALLOW_PLAINTEXT=${PLAINTEXT}`,
    );
  return faults;
}

/** Whether a gRPC target is on this machine. If that is unclear, it counts as another machine. */
function isOnThisMachine(target: string | undefined): boolean {
  // Unset, it is the default, which is loopback.
  if (target === undefined || target.startsWith('unix:')) return true;
  const hosts = target.replace(/^(dns:(\/\/[^/]*\/)?|ipv4:|ipv6:)/, '').split(',');
  return hosts.every((host) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host));
}
