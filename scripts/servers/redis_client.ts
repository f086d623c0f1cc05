import { Cluster, type RedisOptions } from 'ioredis';
import type { Database } from '../../daemon/redis/nodes';
import { createClient } from '../../daemon/redis/places';
import { readTlsFiles } from '../../environment/files/tls_files';
import { type ClusterAddress, parseRedisUrl } from '../../environment/redis/address';
import { tlsOptionsOf } from '../../environment/redis/tls_options';
import { config } from '../settings/config';

/** A client that tries once to connect, secured as the environment says. Throws if the URL, or a certificate, is wrong. */
export function openClient(url: string, options: RedisOptions): Database {
  const { tls: files, sentinelPassword } = config.redisSecurity;
  const material = files && readTlsFiles(files);
  const tls = material && tlsOptionsOf(() => material);
  const address = parseRedisUrl(url);
  if (address?.kind === 'cluster') return openCluster(address, { tls, ...options });
  const once = { retryStrategy: () => null, sentinelRetryStrategy: () => null };
  return createClient(url, { tls, sentinelPassword }, { ...once, ...options });
}

function openCluster(address: ClusterAddress, { lazyConnect, tls, ...options }: RedisOptions): Cluster {
  const { hosts, username, password, isEncrypted } = address;
  return new Cluster([...hosts], {
    lazyConnect,
    clusterRetryStrategy: () => null,
    dnsLookup: (host, done) => done(null, host),
    redisOptions: { ...options, username, password, tls: isEncrypted ? (tls ?? {}) : undefined },
  });
}
