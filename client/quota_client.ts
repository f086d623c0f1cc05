import { randomUUID } from 'node:crypto';
import type { Admission } from './answers/admission';
import { type Blocked, type Quota, toBlocked, toDuration, toQuota } from './answers/limits';
import {
  type OwnUsage,
  type Stats,
  type StatsQuery,
  statsRequest,
  toOwnUsage,
  toStats,
} from './answers/stats';
import type { QuotaUnavailable } from './answers/unavailable';
import type { WatchedDecision, WatchFilter } from './answers/watched';
import { type ConnectionOptions, connect } from './connection/connect';
import { createReport, type Failure, reporting } from './connection/report_failure';
import { createSend } from './connection/send_request';
import { targetFaults } from './connection/targets';
import { watchDecisions } from './connection/watch';
import { type AdmitOptions, type BatchedOptions, deadlineFaults } from './deciding/asked';
import { createDeciding, type Taken } from './deciding/decide';
import { type WithoutDaemon, withoutDaemonFaults } from './deciding/without_daemon';
import { throwIfAny } from './faults';
import { guarded } from './guarded';

export type { Admission } from './answers/admission';
export type { Blocked, Limit, Quota, RaiseBound } from './answers/limits';
export type { OwnUsage, Stats, StatsQuery } from './answers/stats';
export type { Verdict, WatchedDecision, WatchFilter } from './answers/watched';
export type { AdmitOptions } from './deciding/asked';

/** Long enough for the retries, short enough for a waiting user. */
const DEFAULT_DEADLINE_MS = 1_000;

export type QuotaClientOptions = ConnectionOptions & {
  /** How long a request may take, retries included. 1,000 unless given. */
  deadlineMs?: number | undefined;
  /** What to do with a request that no daemon answers. It fails unless given. */
  withoutDaemon?: WithoutDaemon | undefined;
  /** Whether concurrent `admit`s are sent together. True unless given. */
  joins?: boolean | undefined;
  /**
   * The id under which the caller logs what it does now: the daemon logs the request under it. It is asked for several times
   * during a request, and must be the same each time.
   */
  callId?: (() => string | undefined) | undefined;
  /** Called for each request that failed, before `withoutDaemon` decides or it is rejected. */
  onFailure?: ((failure: Failure) => void) | undefined;
};

/** Whose quotas and numbers; the connections are counted in a window that the policies file declares. */
export type StandingQuery = { subject: string; policy?: string; windowMs: number };

/** One call of a service, recorded once however often it is sent. */
export type ServiceCall = {
  subject: string;
  service: string;
  /** A UUID of the caller's own: a repeat of it within 24 hours is recorded once. */
  requestId: string;
  /** When the call was made: it may be long ago. */
  callTime: Date;
};

/** A limit of one subject, raised for a time. */
export type RaiseOptions = {
  subject: string;
  policy: string;
  limitName: string;
  /** Above the configured limit, and within its raise. */
  limit: number;
  durationMs: number;
};

/** Asks the daemons. Every method rejects with QuotaUnavailable if there is no answer. */
export type QuotaClient = {
  /** Takes the cost from every limit of the policy, or nothing. */
  admit(request: AdmitOptions): Promise<Admission>;
  /** Up to 1,000 independent requests in one round trip. A result for each, in order; a failure of one is a value. */
  batch(requests: readonly BatchedOptions[]): Promise<(Admission | QuotaUnavailable)[]>;
  /**
   * Gives back what an admission took. False if it had been given back before, perhaps by an attempt whose answer was
   * lost. Rejects with NOT_FOUND if the request was not admitted, or is no longer remembered.
   */
  refund(taken: Taken): Promise<boolean>;
  /** False if this request id had been recorded before. */
  record(call: ServiceCall): Promise<boolean>;
  /** The usage statistics. */
  stats(query?: StatsQuery): Promise<Stats>;
  /**
   * The decisions of all daemons on the same store as they are made, each once, through one daemon of `targets`. Throws when that one
   * stops or is lost: decisions would be missed in silence until another one is asked, by calling this again. Leaving the loop, or
   * `close`, ends it. Needs the role `operator`.
   */
  watch(filter?: WatchFilter): AsyncGenerator<WatchedDecision, void, undefined>;
  /** The state of a subject's limits, under one policy or under all. Takes nothing. Needs the role `site` or `operator`. */
  quotas(request: { subject: string; policy?: string }): Promise<Quota[]>;
  /**
   * The same, and the subject's own numbers in a window of the statistics, in one request; an older daemon returns no numbers. Needs
   * the role `site` or `operator`.
   */
  standing(request: StandingQuery): Promise<{ quotas: Quota[]; own: OwnUsage | undefined }>;
  /** Gives back everything that was taken. Returns how many limits that affected. Needs the role `site` or `operator`. */
  reset(request: { subject: string; policy?: string }): Promise<number>;
  /** Who is blocked now, the latest denial first; `isPartial` if there may be more. Needs the role `site` or `operator`. */
  blocked(query?: {
    policy?: string;
    maxCount?: number;
  }): Promise<{ blocked: Blocked[]; isPartial: boolean }>;
  /** Raises a limit within the bound of its policy. Needs the role `site` or `operator`. */
  raise(raise: RaiseOptions): Promise<void>;
  /**
   * Erases what the daemon keeps of a subject: from its decisions and counts at once, from its logs soon after. Needs the role `site` or
   * `operator`.
   */
  erase(request: { subject: string }): Promise<void>;
  /** Ends each `watch`. A request made later rejects with CANCELLED. */
  close(): void;
};

/**
 * Makes a client. It connects at its first request, and again by itself when a daemon is back. Throws a TypeError that names every
 * option that is wrong.
 */
export function createQuotaClient(options: QuotaClientOptions): QuotaClient {
  const { deadlineMs = DEFAULT_DEADLINE_MS, joins = true, withoutDaemon = 'fail' } = options;
  const { onFailure = () => undefined } = options;
  throwIfAny([
    ...targetFaults(options.targets),
    ...deadlineFaults(deadlineMs),
    ...withoutDaemonFaults(withoutDaemon),
    ...callbackFaults(options),
  ]);
  const callId = () => guarded(() => options.callId?.(), undefined);
  const { service, admin, closed, close } = connect(options);
  const startReport = createReport({ callId, onFailure });
  const sendUnreported = createSend({ deadlineMs, callId, closed });
  const send = reporting(sendUnreported, startReport);
  const deciding = { deadlineMs, callId, joins, withoutDaemon, startReport };
  return {
    ...createDeciding({ service, send: sendUnreported }, deciding),
    async record(call) {
      const { requestId, callTime } = call;
      if (Number.isNaN(Number(callTime))) throw new TypeError(`callTime: ${callTime} is not a moment`);
      const method = service.recordCall.bind(service);
      return (await send({ method, request: call, requestId })).recorded;
    },
    async stats(query = {}) {
      const method = service.stats.bind(service);
      return toStats(await send({ method, request: statsRequest(query), requestId: randomUUID() }));
    },
    watch: (filter = {}) => watchDecisions({ admin, closed, filter }),
    async quotas({ subject, policy = '' }) {
      const method = admin.getQuota.bind(admin);
      const request = { subject, policy, usageWindow: undefined };
      return (await send({ method, request, requestId: randomUUID() })).quotas.map(toQuota);
    },
    async standing({ subject, policy = '', windowMs }) {
      const method = admin.getQuota.bind(admin);
      const request = { subject, policy, usageWindow: toDuration(windowMs) };
      const { quotas, usage } = await send({ method, request, requestId: randomUUID() });
      return { quotas: quotas.map(toQuota), own: usage && toOwnUsage(usage) };
    },
    async reset({ subject, policy = '' }) {
      const method = admin.resetQuota.bind(admin);
      return (await send({ method, request: { subject, policy }, requestId: randomUUID() })).resetCount;
    },
    async blocked({ policy = '', maxCount = 0 } = {}) {
      const method = admin.listBlocked.bind(admin);
      const request = { policy, maxCount };
      const { blocked, isPartial } = await send({ method, request, requestId: randomUUID() });
      return { blocked: blocked.map(toBlocked), isPartial };
    },
    async raise({ durationMs, ...raise }) {
      const method = admin.raiseLimit.bind(admin);
      const request = { ...raise, duration: toDuration(durationMs) };
      await send({ method, request, requestId: randomUUID() });
    },
    async erase({ subject }) {
      await send({ method: admin.eraseSubject.bind(admin), request: { subject }, requestId: randomUUID() });
    },
    close,
  };
}

function callbackFaults({ token, onAnswered, callId, onFailure }: QuotaClientOptions): string[] {
  return (
    Object.entries({ token, onAnswered, callId, onFailure })
      .filter(([, given]) => given !== undefined && typeof given !== 'function')
      // Without the value: a token is a secret.
      .map(([name]) => `${name}: not a function`)
  );
}
