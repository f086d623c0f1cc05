import { Server, type ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ListenFailed } from '../../environment/listen';
import { RateLimitServiceService } from '../../gen/envoy/service/ratelimit/v3/rls';
import { QuotaAdminServiceService } from '../../gen/quota/v1/quota_admin_service';
import type { ConnectionAge } from '../access/connection_age';
import type { CallerOf } from '../access/known_callers';
import type { IsProxy } from '../access/proxies';
import type { Administration } from '../quota/administration';
import type { Auditing } from '../quota/auditing';
import type { DecisionFeed } from '../quota/decision_feed';
import type { Erasing } from '../quota/erasing';
import type { Fleet } from '../quota/fleet';
import type { Limiter } from '../quota/limiter';
import type { HandshakeFailure } from '../telemetry/tls_metrics';
import { createAdminHandlers } from './admin/handlers';
import { createAnswerable } from './decoding/answerable';
import { addingLibraryServices } from './decoding/library_services';
import { createEnvoyHandlers } from './envoy/handlers';
import { guardRequests, type RequestGuard } from './guards/guards';
import type { Shedding } from './guards/shedding';
import { type HealthParts, watchHealth } from './health';
import { refuseEarly } from './listening/early_refusals';
import { watchHandshakes } from './listening/handshakes';
import { raiseForProxies } from './listening/proxied_sessions';
import { keepSessionsForTheirStreams } from './listening/session_handles';
import { limitSessions } from './listening/session_limits';
import { createHandlers, DecidingService } from './quota/handlers';
import { createReflection } from './reflection';
import type { RequestLog } from './request_log';
import { createInFlight, type InFlight } from './unary';

/** A drain that takes longer than this is cut short. */
const DRAIN_BOUND_MS = 10_000;

/** How often a drain checks for the last request, and the time its answer has to reach the network. */
const DRAIN_STEP_MS = 50;

/**
 * The keepalive interval and timeout. Node keeps the socket of a connection that broke the protocol, or whose caller
 * vanished, forever: enough of them would use up all connections.
 */
const KEEPALIVE = { 'grpc.keepalive_time_ms': 10_000, 'grpc.keepalive_timeout_ms': 10_000 };

export interface QuotaServer {
  /** The port in use. */
  readonly port: number;
  /**
   * Becomes NOT_SERVING, accepts no new requests after the delay, and resolves once the requests in flight are done:
   * false if some were cut.
   */
  drain(): Promise<boolean>;
}

export interface ServeOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly limiter: Limiter;
  readonly administration: Administration;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  readonly fleet: Fleet;
  readonly feed: DecisionFeed;
  readonly health: HealthParts;
  /** The time between NOT_SERVING and the end of listening: load balancers need a moment to notice. */
  readonly drainDelayMs: number;
  readonly credentials: ServerCredentials;
  /** In order, after shedding. */
  readonly guards: readonly RequestGuard[];
  readonly shedding: Pick<Shedding, 'hasRoom' | 'refusalOf' | 'onLeft' | 'guard' | 'weigh' | 'onOverloaded'>;
  /** The caller of a stream, as far as known before it becomes a request. */
  readonly callerOf: CallerOf;
  /** The most open calls of one connection; more are rejected before our code runs. */
  readonly maxStreams: number;
  /** The same for connections of proxies, which have this many. */
  readonly proxies: { readonly isProxy: IsProxy; readonly maxStreams: number };
  readonly connectionAge: ConnectionAge;
  readonly hasReflection: boolean;
  readonly onHandshakeFailure: (failure: HandshakeFailure) => void;
  readonly log: RequestLog;
  readonly logger: Logger;
}

/** Serves all services, health and reflection. Throws `ListenFailed` if it cannot listen. */
export async function serve(options: ServeOptions): Promise<QuotaServer> {
  const { shedding, drainDelayMs, logger } = options;
  const inFlight = createInFlight();
  const { weigh, onOverloaded } = shedding;
  const server = new Server({
    interceptors: [guardRequests([shedding.guard, ...options.guards])],
    'grpc.max_concurrent_streams': options.maxStreams,
    // Its records cost a tenth of each request, and nothing here reads them.
    'grpc.enable_channelz': 0,
    ...KEEPALIVE,
    ...ageOptions(options.connectionAge),
  });
  limitSessions(server);
  const answerable = createAnswerable();
  server.addService(
    answerable(DecidingService),
    createHandlers({ ...options, weigh, onOverloaded, inFlight }),
  );
  server.addService(
    answerable(RateLimitServiceService),
    createEnvoyHandlers({ ...options, weigh, onOverloaded, inFlight }),
  );
  server.addService(answerable(QuotaAdminServiceService), createAdminHandlers({ ...options, inFlight }));
  const libraryServices = addingLibraryServices(server);
  if (options.hasReflection) createReflection().addToServer(libraryServices);
  const health = watchHealth({ parts: options.health, logger });
  health.addToServer(libraryServices);

  try {
    const port = await bind(server, options);
    refuseEarly(server, { ...shedding, callerOf: options.callerOf });
    keepSessionsForTheirStreams(server);
    raiseForProxies(server, options.proxies);
    watchHandshakes(server, { onFailure: options.onHandshakeFailure, logger });
    return { port, drain: () => drain({ server, inFlight, stopHealth: health.stop, drainDelayMs }) };
  } catch (error) {
    health.stop();
    throw error;
  }
}

/** To the library, no option is no limit, and 0 is none. */
function ageOptions({ maxMs, graceMs }: ConnectionAge): ServerOptions {
  return {
    ...(maxMs > 0 && { 'grpc.max_connection_age_ms': maxMs }),
    ...(graceMs > 0 && { 'grpc.max_connection_age_grace_ms': graceMs }),
  };
}

function bind(server: Server, { listen, credentials }: ServeOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(listen, credentials, (error, port) => {
      if (error) reject(new ListenFailed({ variable: 'QUOTA_LISTEN', listen, cause: error }));
      else resolve(port);
    });
  });
}

async function drain({
  server,
  inFlight,
  stopHealth,
  drainDelayMs,
}: {
  server: Server;
  inFlight: InFlight;
  stopHealth: () => void;
  drainDelayMs: number;
}): Promise<boolean> {
  stopHealth();
  await pause(drainDelayMs);
  const closed = new Promise<'closed'>((resolve) => server.tryShutdown(() => resolve('closed')));
  // Health watchers never hang up, so the server would wait for them.
  const boundMs = Date.now() + DRAIN_BOUND_MS;
  let state: 'closed' | 'waiting' = 'waiting';
  do {
    state = await Promise.race([closed, pause(DRAIN_STEP_MS)]);
  } while (state === 'waiting' && inFlight.count > 0 && Date.now() < boundMs);
  await Promise.race([closed, pause(DRAIN_STEP_MS)]);
  const finished = inFlight.count === 0;
  server.forceShutdown();
  return finished;
}

function pause(ms: number): Promise<'waiting'> {
  return new Promise((resolve) => setTimeout(() => resolve('waiting'), ms));
}
