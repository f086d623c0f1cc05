import { randomUUID } from 'node:crypto';
import {
  type CallOptions,
  type ClientOptions,
  type ClientUnaryCall,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Duration } from '../../gen/google/protobuf/duration';
import {
  type AdmitResponse,
  Decision,
  type LimitStatus,
  QuotaServiceClient,
  type StatsRequest,
  type StatsResponse,
} from '../../gen/quota/v1/quota_service';
import { currentRequestId } from '../request_id';
import { NO_CREDENTIALS, type QuotaCredentials } from './credentials';
import { askIsServing } from './health';
import { QuotaUnavailable, toQuotaUnavailable } from './unavailable';

/** A visitor waits no longer than this for one decision, retries included. */
const DEADLINE_MS = 1_000;

/** A daemon that is back is found again within this time. */
const MAX_RECONNECT_BACKOFF_MS = 1_000;

const MS_PER_S = 1_000;
const NS_PER_MS = 1_000_000;

// Said in full rather than left to the daemon's defaults: the home page's headings promise these numbers.
const STATS_REQUEST: StatsRequest = {
  recentCount: 10,
  topCount: 3,
  topWindow: { seconds: 3 * 24 * 60 * 60, nanos: 0 },
  leastCount: 10,
};

// The repeats carry the same bytes, so the same request_id: the daemon takes nothing twice.
const SERVICE_CONFIG = JSON.stringify({
  methodConfig: [
    {
      name: [{ service: 'quota.v1.QuotaService' }],
      retryPolicy: {
        maxAttempts: 4,
        initialBackoff: '0.05s',
        maxBackoff: '0.2s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
    },
  ],
});

const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.service_config': SERVICE_CONFIG,
  'grpc.enable_retries': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_BACKOFF_MS,
};

/** One limit of a policy for one subject, as it stands after the decision. */
export type Limit = {
  name: string;
  limit: number;
  remaining: number;
  windowMs: number;
  /** Until all of the limit is free again, if nothing more is taken. */
  resetDelayMs: number;
};

/** The daemon's decision. A denial took nothing; without a retry delay, waiting cannot help. */
export type Admission =
  | { admitted: true; limits: Limit[] }
  | { admitted: false; limits: Limit[]; retryDelayMs: number | undefined };

export type Stats = {
  recentUsers: { subject: string; connectTime: Date | undefined }[];
  topUsers: { subject: string; count: number }[];
  leastActiveUsers: { subject: string; count: number }[];
  services: { service: string; callCount: number }[];
};

/** What the site asks of the daemon. Every method throws QuotaUnavailable where no answer came. */
export type QuotaClient = {
  admit(request: { subject: string; policy: string }): Promise<Admission>;
  recordCall(request: { subject: string; service: string }): Promise<void>;
  stats(): Promise<Stats>;
  /** Whether the daemon answers and can decide; throws nothing. */
  isServing(): Promise<boolean>;
  close(): void;
};

/** Makes the client. It connects at its first call, and again by itself whenever the daemon comes back. */
export function createQuotaClient({
  target,
  credentials = NO_CREDENTIALS,
  logger,
}: {
  target: string;
  credentials?: QuotaCredentials;
  logger: Logger;
}): QuotaClient {
  const { channel, interceptors } = credentials;
  const client = new QuotaServiceClient(target, channel, { ...CHANNEL_OPTIONS, interceptors });

  return {
    async admit({ subject, policy }) {
      const requestId = randomUUID();
      const request = { subject, policy, cost: undefined, requestId };
      const response = await ask({ method: client.admit.bind(client), request, requestId, logger });
      return toAdmission(response, requestId);
    },
    async recordCall({ subject, service }) {
      const requestId = randomUUID();
      const request = { subject, service, requestId, callTime: undefined };
      await ask({ method: client.recordCall.bind(client), request, requestId, logger });
    },
    async stats() {
      const method = client.stats.bind(client);
      return toStats(await ask({ method, request: STATS_REQUEST, requestId: randomUUID(), logger }));
    },
    isServing: () => askIsServing(client),
    close: () => client.close(),
  };
}

type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

type Question<Request, Response> = {
  method: Method<Request, Response>;
  request: Request;
  requestId: string;
  logger: Logger;
};

function ask<Request, Response>(question: Question<Request, Response>): Promise<Response> {
  const { method, request, requestId, logger } = question;
  const callId = currentRequestId();
  const metadata = new Metadata();
  // The daemon logs the call under it, so that the two logs can be read together.
  if (callId !== undefined) metadata.set('x-request-id', callId);
  return new Promise((resolve, reject) => {
    method(request, metadata, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
      if (error === null) return resolve(response);
      logger.warn(
        { callId, requestId, grpcCode: error.code, details: error.details },
        'the quota daemon did not answer',
      );
      reject(toQuotaUnavailable(error, requestId));
    });
  });
}

function toAdmission(response: AdmitResponse, requestId: string): Admission {
  // A shadow limit refuses nobody, so nobody is told of it.
  const limits = response.limits.filter(({ shadow }) => !shadow).map(toLimit);
  switch (response.decision) {
    case Decision.ADMITTED:
      return { admitted: true, limits };
    case Decision.DENIED:
      return { admitted: false, limits, retryDelayMs: response.retryDelay && toMs(response.retryDelay) };
    default:
      // A verdict that a later daemon may know, and we do not, must never let anyone in.
      throw new QuotaUnavailable({ requestId, reason: `unknown decision ${response.decision}` });
  }
}

function toLimit({ name, limit, remaining, window, resetDelay }: LimitStatus): Limit {
  return { name, limit, remaining, windowMs: toMs(window), resetDelayMs: toMs(resetDelay) };
}

function toStats({ recentUsers, topUsers, leastActiveUsers, services }: StatsResponse): Stats {
  return { recentUsers, topUsers, leastActiveUsers, services };
}

function toMs(duration: Duration | undefined): number {
  return duration === undefined ? 0 : duration.seconds * MS_PER_S + duration.nanos / NS_PER_MS;
}
