import type { ConnectionOptions } from 'node:tls';
import { Redis, type RedisOptions, SentinelConnector } from 'ioredis';
import { parseRedisUrl, type SentinelAddress } from '../../environment/redis/address';

/** The credentials of a connection, and the authorities that it trusts. */
export interface ConnectionSecurity {
  /** For encrypted connections; the system's authorities are trusted unless given. Read at each connection. */
  readonly tls?: ConnectionOptions;
  readonly sentinelPassword?: string;
}

/** A silent Sentinel is abandoned after this time, and the next one is asked. */
const SENTINEL_TIMEOUT_MS = 500;

/** If no Sentinel answers, all are asked again after this time. */
const SENTINEL_RETRY_MS = 250;

/** Makes a client of the server that a URL names, or that the Sentinels of a URL name. Throws if it names neither. */
export function createClient(
  url: string,
  security: ConnectionSecurity = {},
  options: RedisOptions = {},
): Redis {
  const address = parseRedisUrl(url);
  // The value may hold a password.
  if (address === undefined || address.kind === 'cluster') throw new TypeError('not the URL of one server');
  if (address.kind === 'sentinel') return new Redis({ ...sentinelOptions(address, security), ...options });
  return new Redis(url, address.isEncrypted ? { tls: security.tls ?? {}, ...options } : options);
}

type Connect = SentinelConnector['connect'];

/** The part of the library's connector that opens a connection to a Sentinel. Its types call it private. */
interface SentinelClients {
  connectToSentinel(...args: readonly unknown[]): Redis;
}

/**
 * The library keeps watching for failovers while it connects anew after a loss. If one is announced just then, it gives
 * up that attempt and never makes another; so the former watch ends before each attempt, and a new one begins after it.
 *
 * It also hides why a Sentinel cannot be reached, such as a certificate that is not trusted; so the last reason is added.
 */
class ReconnectingConnector extends SentinelConnector {
  private reason: string | undefined;

  constructor(...args: ConstructorParameters<typeof SentinelConnector>) {
    super(...args);
    const clients = this as unknown as SentinelClients;
    const connectToSentinel = clients.connectToSentinel.bind(this);
    clients.connectToSentinel = (...asked) => {
      const client = connectToSentinel(...asked);
      client.on('error', ({ message }) => {
        this.reason = message;
      });
      return client;
    };
  }

  override connect(emit: Parameters<Connect>[0]): ReturnType<Connect> {
    this.disconnect();
    return super.connect((type, error) => {
      const { reason } = this;
      const isKnown = reason === undefined || error.message.includes(reason);
      emit(type, isKnown ? error : new Error(`${error.message} (${reason})`, { cause: error }));
    });
  }
}

function sentinelOptions(address: SentinelAddress, security: ConnectionSecurity): RedisOptions {
  const { hosts, masterName: name, database: db, username, password, isEncrypted } = address;
  const { tls = {}, sentinelPassword } = security;
  return {
    sentinels: [...hosts],
    name,
    db,
    username,
    password,
    sentinelPassword,
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: () => SENTINEL_RETRY_MS,
    // A failover closes the connection to the former master, which might still accept writes that will be lost.
    failoverDetector: true,
    Connector: ReconnectingConnector as RedisOptions['Connector'],
    ...(isEncrypted && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
  };
}
