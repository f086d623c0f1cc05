import { Cluster, type Redis } from 'ioredis';
import type { ClusterAddress } from '../../environment/redis/address';
import { checkLearntSlots } from './cluster_slots';
import type { ConnectionSecurity } from './places';

/** The most redirections that one command follows: each means that the command has not run. One is usual while slots move. */
const MOST_REDIRECTIONS = 3;

/** How often the slot owners are refreshed, besides after each redirection and each lost connection. */
const REFRESH_MS = 5_000;

const REFRESH_TIMEOUT_MS = 1_000;

export interface ClusterClientOptions {
  readonly name: string;
  readonly security: ConnectionSecurity;
  readonly connectTimeoutMs: number;
  readonly disconnectTimeoutMs: number;
  readonly reconnectDelayMs: (attempt: number) => number;
  /** Called with each connection before its first use. */
  readonly onServer: (server: Redis) => void;
}

/**
 * Opens a Cluster that never runs a command twice or late: commands are not queued, and are resent only after a
 * redirection. A lost connection, an unserved slot and a call whose keys are being moved (TRYAGAIN) fail at once.
 */
export function openCluster(address: ClusterAddress, options: ClusterClientOptions): Cluster {
  const { name, security, reconnectDelayMs, connectTimeoutMs, disconnectTimeoutMs, onServer } = options;
  const { hosts, username, password, isEncrypted } = address;
  checkLearntSlots();
  const cluster: Cluster = new Cluster([...hosts], {
    enableOfflineQueue: false,
    // Part of a Cluster is useful: each server reports by itself that it cannot serve.
    enableReadyCheck: false,
    maxRedirections: MOST_REDIRECTIONS,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshInterval: REFRESH_MS,
    slotsRefreshTimeout: REFRESH_TIMEOUT_MS,
    clusterRetryStrategy: reconnectDelayMs,
    // A lost server stays known: its commands must not go to another server, which does not own their keys. But before the
    // owners are known all servers are tried together: one that waited for its own next try would never be closed.
    clusterNodeRetryStrategy: (attempt) => (cluster.status === 'ready' ? reconnectDelayMs(attempt) : null),
    // Certificates hold names, so names are not resolved here.
    dnsLookup: (host, done) => done(null, host),
    redisOptions: {
      connectionName: name,
      username,
      password,
      tls: isEncrypted ? (security.tls ?? {}) : undefined,
      connectTimeout: connectTimeoutMs,
      disconnectTimeout: disconnectTimeoutMs,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    },
  });
  failOnTryAgain(cluster);
  cluster.on('+node', (server: Redis) => {
    onServer(server);
    // The library insists on a queue, as it connects only when a command comes; so this connects now.
    server.options.enableOfflineQueue = false;
    if (!server.options.readOnly) server.connect().catch(() => undefined);
    server.on('close', () => {
      if (!server.options.readOnly && cluster.status === 'ready') cluster.refreshSlotsCache(() => undefined);
    });
  });
  return cluster;
}

/** The library would send such a command to random servers until the slot has moved. */
function failOnTryAgain(cluster: Cluster): void {
  const handle = cluster.handleError.bind(cluster);
  cluster.handleError = (error, ttl, handlers) => {
    if (error.message.startsWith('TRYAGAIN')) handlers.defaults();
    else handle(error, ttl, handlers);
  };
}
