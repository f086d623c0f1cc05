import { Server, type ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ListenFailed } from '../../environment/listen';
import { QuotaAdminServiceService } from '../../gen/quota/v1/quota_admin_service';
import type { CallerOf } from '../access/known_callers';
import type { Administration } from '../quota/administration';
import type { Auditing } from '../quota/auditing';
import type { DecisionFeed } from '../quota/decision_feed';
import type { Erasing } from '../quota/erasing';
import type { Limiter } from '../quota/limiter';
import type { HandshakeFailure } from '../telemetry/tls_metrics';
import { createAdminHandlers } from './admin/handlers';
import { createAnswerable } from './decoding/answerable';
import { guardRequests, type RequestGuard } from './guards/guards';
import type { Shedding } from './guards/shedding';
import { type HealthParts, watchHealth } from './health';
import { refuseEarly } from './listening/early_refusals';
import { watchHandshakes } from './listening/handshakes';
import { limitSessions } from './listening/session_limits';
import { createHandlers, DecidingService } from './quota/handlers';
import { createReflection } from './reflection';
import type { RequestLog } from './request_log';
import { createInFlight, type InFlight } from './unary';

/** A drain that takes longer than this is cut short. */
const DRAIN_BOUND_MS = 10_000;

/** How often a drain looks whether the last request is done, and what its answer has to reach the wire. */
const DRAIN_STEP_MS = 50;

export interface QuotaServer {
  /** The port that it listens on. */
  readonly port: number;
  /** Turns NOT_SERVING, after the delay takes no new request, and resolves once the requests in flight are done: false if some were cut. */
  drain(): Promise<boolean>;
}

export interface ServeOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly limiter: Limiter;
  readonly administration: Administration;
  readonly erasing: Erasing;
  readonly auditing: Auditing;
  readonly feed: DecisionFeed;
  readonly health: HealthParts;
  /** Between NOT_SERVING and the end of listening: balancers need a moment to hear of it. */
  readonly drainDelayMs: number;
  readonly credentials: ServerCredentials;
  /** In their order, after the shedding. */
  readonly guards: readonly RequestGuard[];
  readonly shedding: Pick<Shedding, 'refusalOf' | 'guard' | 'weigh'>;
  /** Who sends a stream, as far as that is known before it is a request. */
  readonly callerOf: CallerOf;
  /** Calls that one connection may have open; more are refused before any code of ours runs. */
  readonly maxStreams: number;
  readonly hasReflection: boolean;
  readonly onHandshakeFailure: (failure: HandshakeFailure) => void;
  readonly log: RequestLog;
  readonly logger: Logger;
}

/** Serves both services, health and reflection. Throws `ListenFailed` where the address cannot be had. */
export async function serve(options: ServeOptions): Promise<QuotaServer> {
  const { shedding, drainDelayMs, logger } = options;
  const inFlight = createInFlight();
  const server = new Server({
    interceptors: [guardRequests([shedding.guard, ...options.guards])],
    'grpc.max_concurrent_streams': options.maxStreams,
    // What it would record of each request costs a tenth of answering it, and nobody reads it here.
    'grpc.enable_channelz': 0,
  });
  limitSessions(server);
  const answerable = createAnswerable();
  server.addService(
    answerable(DecidingService),
    createHandlers({ ...options, weigh: shedding.weigh, inFlight }),
  );
  server.addService(answerable(QuotaAdminServiceService), createAdminHandlers({ ...options, inFlight }));
  if (options.hasReflection) createReflection().addToServer(server);
  const health = watchHealth({ parts: options.health, logger });
  health.addToServer(server);

  try {
    const port = await bind(server, options);
    refuseEarly(server, { refusalOf: shedding.refusalOf, callerOf: options.callerOf });
    watchHandshakes(server, { onFailure: options.onHandshakeFailure, logger });
    return { port, drain: () => drain({ server, inFlight, stopHealth: health.stop, drainDelayMs }) };
  } catch (error) {
    health.stop();
    throw error;
  }
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
  // Watchers of the health never hang up, so the server alone would wait for them to the end.
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
