import { z } from 'zod';
import type { TlsFiles } from '../../environment/files/tls_files';

/** What an operator must write out to open the daemon to everybody who can reach it. */
const ANONYMOUS = 'yes-anyone-who-reaches-this-port';

/** What an operator must write out to send tokens in the clear. */
const PLAINTEXT = 'yes-the-network-is-trusted';

/** How callers are distinguished, as the environment says. */
export interface AccessSettings {
  /** The access file: who has which token or certificate, and which role. */
  readonly file: string | undefined;
  /** Undefined in plaintext; with an authority, client certificates are asked for. */
  readonly tls: TlsFiles | undefined;
  /** Whether reflection is served. */
  readonly reflection: boolean;
}

/** The variables, for the one schema of the environment. */
export const accessEnvironment = {
  QUOTA_ACCESS: z.string().optional(),
  QUOTA_TLS_CERT: z.string().optional(),
  QUOTA_TLS_KEY: z.string().optional(),
  QUOTA_TLS_CLIENT_CA: z.string().optional(),
  QUOTA_REFLECTION: z.enum(['on', 'off'], 'must be on or off').default('on'),
  QUOTA_ALLOW_ANONYMOUS: z.literal(ANONYMOUS, `must be unset, or ${ANONYMOUS}`).optional(),
  QUOTA_ALLOW_PLAINTEXT: z.literal(PLAINTEXT, `must be unset, or ${PLAINTEXT}`).optional(),
};

type Environment = z.output<z.ZodObject<typeof accessEnvironment>>;

export function toAccessSettings(env: Environment): AccessSettings {
  const { QUOTA_TLS_CERT: certificateFile, QUOTA_TLS_KEY: keyFile } = env;
  const hasTls = certificateFile !== undefined && keyFile !== undefined;
  return {
    file: env.QUOTA_ACCESS,
    tls: hasTls
      ? { identity: { certificateFile, keyFile }, authorityFile: env.QUOTA_TLS_CLIENT_CA }
      : undefined,
    reflection: env.QUOTA_REFLECTION === 'on',
  };
}

/** Faults between variables: halves of a pair, and a daemon needlessly open to strangers. */
export function accessFaults(env: Readonly<Record<string, string | undefined>>): string[] {
  const { QUOTA_TLS_CERT, QUOTA_TLS_KEY, QUOTA_TLS_CLIENT_CA } = env;
  const faults: string[] = [];
  if (QUOTA_TLS_CERT !== undefined && QUOTA_TLS_KEY === undefined)
    faults.push('QUOTA_TLS_KEY is required beside QUOTA_TLS_CERT');
  if (QUOTA_TLS_CERT === undefined && (QUOTA_TLS_KEY ?? QUOTA_TLS_CLIENT_CA) !== undefined)
    faults.push(
      `QUOTA_TLS_CERT is required beside ${QUOTA_TLS_KEY ? 'QUOTA_TLS_KEY' : 'QUOTA_TLS_CLIENT_CA'}`,
    );
  return [...faults, ...exposureFaults(env)];
}

function exposureFaults(env: Readonly<Record<string, string | undefined>>): string[] {
  const listen = env.QUOTA_LISTEN;
  if (listen === undefined || isLoopback(listen)) return [];
  const asksWho = env.QUOTA_ACCESS ?? env.QUOTA_TLS_CLIENT_CA;
  if (asksWho === undefined) {
    return env.QUOTA_ALLOW_ANONYMOUS === ANONYMOUS
      ? []
      : [
          `QUOTA_LISTEN ${listen} is reached from other machines, and nothing says who may call: set QUOTA_ACCESS (tokens) or QUOTA_TLS_CLIENT_CA (client certificates), or else QUOTA_ALLOW_ANONYMOUS=${ANONYMOUS}`,
        ];
  }
  if (env.QUOTA_TLS_CERT !== undefined || env.QUOTA_ALLOW_PLAINTEXT === PLAINTEXT) return [];
  return [
    `QUOTA_LISTEN ${listen} is reached from other machines, and tokens would cross the network in the clear: set QUOTA_TLS_CERT and QUOTA_TLS_KEY, or else QUOTA_ALLOW_PLAINTEXT=${PLAINTEXT}`,
  ];
}

/** Whether only this machine reaches HOST:PORT. Anything not plainly loopback counts as public. */
function isLoopback(listen: string): boolean {
  const host = listen.replace(/:[0-9]*$/, '').toLowerCase();
  return host === 'localhost' || host === '[::1]' || /^127(\.[0-9]{1,3}){3}$/.test(host);
}
