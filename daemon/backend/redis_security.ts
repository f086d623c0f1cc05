import type { Logger } from 'pino';
import { watchTlsFiles } from '../../environment/files/tls_files';
import type { RedisSecurity } from '../../environment/redis/settings';
import { tlsOptionsOf } from '../../environment/redis/tls_options';
import type { ConnectionSecurity } from '../redis/places';

/** How connections are secured; each new one uses what the files hold then. */
export interface FollowedSecurity {
  readonly security: ConnectionSecurity;
  stop(): void;
}

/** Follows the certificates for Redis. Throws `TlsInvalid` or `FileUnreadable` if they cannot be used at the start. */
export function followRedisSecurity(
  { tls: files, sentinelPassword }: RedisSecurity,
  logger: Logger,
): FollowedSecurity {
  if (files === undefined) return { security: { sentinelPassword }, stop: () => undefined };
  const watched = watchTlsFiles({
    files,
    onFault: (error) =>
      logger.error({ reason: error.message }, 'certificates for redis cannot be used; the former ones stay'),
  });
  const tls = tlsOptionsOf(watched.current);
  return { security: { tls, sentinelPassword }, stop: watched.stop };
}
