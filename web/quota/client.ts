import type { Logger } from 'pino';
import type { AnsweredRequest } from '../../client/connection/report_answered';
import {
  type Admission,
  type Blocked,
  createQuotaClient,
  type QuotaClient as DaemonClient,
  type Stats as DaemonStats,
  type Limit,
  type OwnUsage,
  type Quota,
  type RaiseOptions,
  type ServiceCall,
} from '../../client/quota_client';
import { POLICIES } from '../quota_names';
import { currentRequestId } from '../telemetry/request_id';
import { NO_CREDENTIALS, type QuotaCredentials } from './credentials';
import { logFailure } from './log_failure';

export type {
  Admission,
  Blocked,
  Limit,
  OwnUsage,
  Quota,
  RaiseBound,
  RaiseOptions,
  ServiceCall,
} from '../../client/quota_client';

/** What the pages show of the statistics. */
export type Stats = Omit<DaemonStats, 'leastActiveUsers' | 'own' | 'completeSince'>;

/** Nobody's: reading its quota takes nothing and leaves nothing behind. One policy costs Redis one short script. */
const READINESS_SUBJECT = 'readiness-probe';

/** What the pages show. Said in full rather than left to the daemon's defaults: their headings promise these numbers. */
const SHOWN_STATS = {
  recentCount: 10,
  topCount: 3,
  topWindowMs: 3 * 24 * 60 * 60 * 1_000,
  // The site lists its own students, including those that the daemon has never seen.
  leastCount: 0,
};

/** Where a subject stands: the limits that may deny it, the tightest first, and what it has done. */
export type Standing = { limits: Limit[]; own: OwnUsage | undefined };

/** What the site asks of the daemon. Every method rejects with QuotaUnavailable if no answer came. */
export type QuotaClient = {
  /** With `requestId`, a repeat of an admitted request takes nothing. */
  admit(request: { subject: string; policy: string; requestId?: string | undefined }): Promise<Admission>;
  /** Refunds what an admitted request took; false if that was done before. */
  refund(taken: { subject: string; policy: string; requestId: string }): Promise<boolean>;
  recordCall(call: ServiceCall): Promise<void>;
  /** The limits of one policy that may deny the subject, the tightest first. Takes nothing. */
  limits(request: { subject: string; policy: string }): Promise<Limit[]>;
  /** A subject's state in one policy or in each. Takes nothing. */
  quotas(request: { subject: string; policy?: string }): Promise<Quota[]>;
  /** Resets one policy or all; returns the number of limits reset. */
  resetQuota(request: { subject: string; policy?: string }): Promise<number>;
  /** The subjects that a policy blocks now, the latest denial first; `isPartial` if there may be more. */
  blocked(query: { policy: string; maxCount: number }): Promise<{ blocked: Blocked[]; isPartial: boolean }>;
  /** Raises a limit of a subject, within the bound of its policy. */
  raise(raise: RaiseOptions): Promise<void>;
  /** Erases what the daemon keeps of a subject. */
  erase(request: { subject: string }): Promise<void>;
  /** The statistics; with `hourCount` also the decisions of that many hours. The top users are of 3 days unless given. */
  stats(request?: { hourCount?: number; topWindowMs?: number }): Promise<Stats>;
  /** The same limits, and the subject's own numbers, of 3 days; undefined from an older daemon. Takes nothing. */
  standing(request: { subject: string; policy: string }): Promise<Standing>;
  /** Whether the daemon knows this caller and can decide about logins; never throws, and logs the answer. */
  isReady(): Promise<boolean>;
  close(): void;
};

type SiteOptions = {
  target: string;
  credentials?: QuotaCredentials;
  /** Called once for each request, with any result. */
  onAnswered?: (request: AnsweredRequest) => void;
  logger: Logger;
};

/** Makes the site's client: the daemon logs each request under the id of the visitor's, and the site logs what fails. */
export function createSiteClient({
  target,
  credentials = NO_CREDENTIALS,
  onAnswered,
  logger,
}: SiteOptions): QuotaClient {
  const client: DaemonClient = createQuotaClient({
    targets: target,
    credentials: credentials.channel,
    token: credentials.token,
    callId: currentRequestId,
    onAnswered,
    onFailure: (failure) => logFailure(logger, failure),
  });
  return {
    admit: client.admit,
    refund: client.refund,
    async recordCall(call) {
      await client.record(call);
    },
    limits: async (request) => limitsOf(await client.quotas(request)),
    quotas: client.quotas,
    resetQuota: client.reset,
    blocked: client.blocked,
    raise: client.raise,
    erase: client.erase,
    stats: ({ hourCount = 0, topWindowMs = SHOWN_STATS.topWindowMs } = {}) =>
      client.stats({ ...SHOWN_STATS, hourCount, topWindowMs }),
    standing: async (request) => {
      const { quotas, own } = await client.standing({ ...request, windowMs: SHOWN_STATS.topWindowMs });
      return { limits: limitsOf(quotas), own };
    },
    isReady: shared(() =>
      client.quotas({ subject: READINESS_SUBJECT, policy: POLICIES.connection }).then(isAny, () => false),
    ),
    close: client.close,
  };
}

function limitsOf(quotas: readonly Quota[]): Limit[] {
  return quotas.flatMap(({ limits }) => limits);
}

function isAny(quotas: readonly Quota[]): boolean {
  return quotas.length > 0;
}

/** Questions asked while one is in progress share its answer: probes cannot pile up requests. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let asking: Promise<T> | undefined;
  return () => {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
}
