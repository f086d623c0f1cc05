import { randomUUID } from 'node:crypto';
import type { ClientOptions } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { QuotaAdminServiceClient } from '../../gen/quota/v1/quota_admin_service';
import { QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { type Admission, type Limit, type Quota, toAdmission, toQuota } from './answers';
import { type AnsweredDaemonRequest, countDaemonRequests } from './count_daemon_requests';
import { NO_CREDENTIALS, type QuotaCredentials } from './credentials';
import { sendRequest } from './send_request';
import { type Stats, type StatsQuery, statsRequest, toStats } from './stats';

export type { Admission, Limit, Quota } from './answers';
export type { Stats } from './stats';

/** A daemon that is back is found again within this time. */
const MAX_RECONNECT_BACKOFF_MS = 1_000;

// The repeats carry the same bytes, so the same request_id: the daemon takes nothing twice. What has none of it
// changes nothing, or comes to the same when it is done again.
const SERVICE_CONFIG = JSON.stringify({
  // A daemon that is overloaded refuses many requests in a row, and repeating each would multiply its load. After this many
  // failed tries, less the successes' part, nothing is repeated until half as many are made up for (gRFC A6).
  retryThrottling: { maxTokens: 20, tokenRatio: 0.5 },
  methodConfig: [
    {
      name: [{ service: 'quota.v1.QuotaService' }, { service: 'quota.v1.QuotaAdminService' }],
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

/** Nobody's: reading its quota takes nothing and leaves nothing behind. One policy costs Redis one short script. */
const READINESS_SUBJECT = 'readiness-probe';
const CONNECTION_POLICY = 'connection';

/** One call of a service that was made, to be recorded once however often it is told. */
export type ServiceCall = {
  subject: string;
  service: string;
  /** A UUID of the caller's own: a repeat of it within 24 hours is recorded once. */
  requestId: string;
  /** When the call was made: it may be long ago. */
  callTime: Date;
};

/** What the site asks of the daemon. Every method throws QuotaUnavailable where no answer came. */
export type QuotaClient = {
  admit(request: { subject: string; policy: string }): Promise<Admission>;
  recordCall(call: ServiceCall): Promise<void>;
  /** The limits of one policy that may refuse the subject, the tightest first. Takes nothing. */
  limits(request: { subject: string; policy: string }): Promise<Limit[]>;
  /** Where a subject stands with every policy. Takes nothing. */
  quotas(request: { subject: string }): Promise<Quota[]>;
  /** Gives back all that was taken, of one policy or of all; how many limits that was. */
  resetQuota(request: { subject: string; policy?: string }): Promise<number>;
  /** The statistics; with `hourCount` also the decisions of that many hours, with `subject` also its own numbers. */
  stats(request?: StatsQuery): Promise<Stats>;
  /** Whether the daemon knows this caller and can decide about logins; throws nothing, and logs what was answered. */
  isReady(): Promise<boolean>;
  close(): void;
};

/** Makes the client. It connects at its first request, and again by itself whenever the daemon comes back. */
export function createQuotaClient({
  target,
  credentials = NO_CREDENTIALS,
  onAnswered = () => undefined,
  logger,
}: {
  target: string;
  credentials?: QuotaCredentials;
  /** Called once for each request, whatever came of it. */
  onAnswered?: (request: AnsweredDaemonRequest) => void;
  logger: Logger;
}): QuotaClient {
  const { channel } = credentials;
  const interceptors = [countDaemonRequests(onAnswered), ...credentials.interceptors];
  const client = new QuotaServiceClient(target, channel, { ...CHANNEL_OPTIONS, interceptors });
  const options = { channelOverride: client.getChannel(), interceptors };
  const admin = new QuotaAdminServiceClient(target, channel, options);

  async function readQuotas(subject: string, policy: string): Promise<Quota[]> {
    const method = admin.getQuota.bind(admin);
    const { quotas } = await sendRequest({
      method,
      request: { subject, policy },
      requestId: randomUUID(),
      logger,
    });
    return quotas.map(toQuota);
  }

  return {
    admit: (request) => requestAdmission({ ...request, client, logger }),
    async recordCall(call) {
      const { requestId } = call;
      await sendRequest({ method: client.recordCall.bind(client), request: call, requestId, logger });
    },
    limits: async ({ subject, policy }) =>
      (await readQuotas(subject, policy)).flatMap(({ limits }) => limits),
    quotas: ({ subject }) => readQuotas(subject, ''),
    async resetQuota({ subject, policy = '' }) {
      const method = admin.resetQuota.bind(admin);
      const request = { subject, policy };
      return (await sendRequest({ method, request, requestId: randomUUID(), logger })).resetCount;
    },
    async stats(query = {}) {
      const method = client.stats.bind(client);
      const request = statsRequest(query);
      return toStats(await sendRequest({ method, request, requestId: randomUUID(), logger }));
    },
    isReady: shared(() => readQuotas(READINESS_SUBJECT, CONNECTION_POLICY).then(isAny, () => false)),
    close: () => client.close(),
  };
}

type AdmissionRequest = { subject: string; policy: string; client: QuotaServiceClient; logger: Logger };

async function requestAdmission({ subject, policy, client, logger }: AdmissionRequest): Promise<Admission> {
  const requestId = randomUUID();
  const request = { subject, policy, cost: undefined, requestId };
  const response = await sendRequest({ method: client.admit.bind(client), request, requestId, logger });
  return toAdmission(response, requestId);
}

function isAny(quotas: readonly Quota[]): boolean {
  return quotas.length > 0;
}

/** Whoever asks while a question is under way shares its answer: probes cannot pile up requests. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
