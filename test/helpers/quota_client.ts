import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type ChannelCredentials, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo, RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';
import {
  type AdmitRequest,
  type AdmitResponse,
  type BatchAdmitResponse,
  QuotaServiceClient,
  type RecordCallRequest,
  type RefundRequest,
  type RefundResponse,
  type StatsRequest,
  type StatsResponse,
} from '../../gen/quota/v1/quota_service';

/** The generated client, with promises, and with what is unset left out. */
export interface QuotaClient {
  admit(request: Partial<AdmitRequest>): Promise<AdmitResponse>;
  batchAdmit(requests: Partial<AdmitRequest>[]): Promise<BatchAdmitResponse>;
  refund(request: Partial<RefundRequest>): Promise<RefundResponse>;
  recordCall(request: Partial<RecordCallRequest>): Promise<boolean>;
  stats(request?: Partial<StatsRequest>): Promise<StatsResponse>;
  close(): void;
}

/** A call that hangs for this long has failed its test, on a busy machine as well. */
const DEADLINE_MS = 30_000;

const EVERY_DEFAULT: StatsRequest = {
  recentCount: undefined,
  topCount: undefined,
  topWindow: undefined,
  leastCount: undefined,
  hourCount: undefined,
  subject: '',
};

/** What a client shows of itself; nothing, in plaintext, unless given. */
export interface ClientCredentials {
  readonly channel?: ChannelCredentials;
  readonly token?: string;
  /** Gives the client a connection of its own; others to the same target share one. */
  readonly channelId?: number;
  /** For a test of the failure itself: a store that does not answer is not asked again. */
  readonly asksOnce?: boolean;
}

/** Asks as the contract wants it of callers: again, with the same request id, if the store did not answer. */
export function createQuotaClient(target: string, shown: ClientCredentials = {}): QuotaClient {
  const client = new QuotaServiceClient(target, shown.channel ?? credentials.createInsecure(), {
    ...(shown.channelId === undefined ? {} : { 'quota.channel_id': shown.channelId }),
  });
  const asked = <T>(ask: () => Promise<T>) => (shown.asksOnce ? ask() : untilStoreAnswers(ask));
  const admission = (request: Partial<AdmitRequest>) => ({
    subject: '',
    policy: '',
    requestId: shown.asksOnce ? '' : randomUUID(),
    ...request,
  });
  const metadata = tokenMetadata(shown.token);
  const options = () => ({ deadline: Date.now() + DEADLINE_MS });
  return {
    admit(request) {
      const message = admission(request);
      return asked(() => promised((done) => client.admit(message, metadata, options(), done)));
    },
    batchAdmit(requests) {
      const message = { requests: requests.map(admission) };
      return asked(() => promised((done) => client.batchAdmit(message, metadata, options(), done)));
    },
    refund(request) {
      const message = { subject: '', policy: '', requestId: '', ...request };
      return asked(() => promised((done) => client.refund(message, metadata, options(), done)));
    },
    async recordCall(request) {
      const requestId = shown.asksOnce ? '' : randomUUID();
      const call = { subject: '', service: '', requestId, callTime: undefined, ...request };
      const { recorded } = await asked(() =>
        promised<{ recorded: boolean }>((done) => client.recordCall(call, metadata, options(), done)),
      );
      return recorded;
    },
    stats(request = {}) {
      const message = { ...EVERY_DEFAULT, ...request };
      return asked(() => promised((done) => client.stats(message, metadata, options(), done)));
    },
    close: () => client.close(),
  };
}

/** A busy machine answers long before; a store that is gone for good must end its test. */
const RETRY_BOUND_MS = 30_000;
const RETRY_PAUSE_MS = 20;

/** Asks again for as long as the store does not answer in time, which on a busy machine decides nothing. */
export async function untilStoreAnswers<T>(ask: () => Promise<T>): Promise<T> {
  const endMs = Date.now() + RETRY_BOUND_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isStoreUnavailable(error as ServiceError) || Date.now() > endMs) throw error;
      await pause(RETRY_PAUSE_MS);
    }
  }
}

function isStoreUnavailable({ code, metadata }: ServiceError): boolean {
  return code === status.UNAVAILABLE && readDetails(metadata).info?.reason === 'STORE_UNAVAILABLE';
}

/**
 * Asks until there is an answer, with one request id, as the contract asks of callers: on a busy machine the store may not answer
 * in time, which decides nothing.
 */
export function admitInTheEnd(client: QuotaClient, request: Partial<AdmitRequest>): Promise<AdmitResponse> {
  const asked = { requestId: randomUUID(), ...request };
  return inTheEnd(() => client.admit(asked));
}

/** Reports until there is an answer, with one request id, as `admitInTheEnd` asks. */
export function recordInTheEnd(client: QuotaClient, request: Partial<RecordCallRequest>): Promise<boolean> {
  const asked = { requestId: randomUUID(), ...request };
  return inTheEnd(() => client.recordCall(asked));
}

async function inTheEnd<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if ((error as ServiceError).code !== status.UNAVAILABLE) throw error;
    }
  }
}

/** The headers that show a token. */
export function tokenMetadata(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

export type Done<T> = (error: ServiceError | null, response: T) => void;

export function promised<T>(call: (done: Done<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** The error that a failed call returned. */
export interface Failure {
  readonly code: number;
  readonly message: string;
  /** The fields of the BadRequest detail, in order. */
  readonly fields: string[];
  readonly reason: string | undefined;
  readonly retryDelayMs: number | undefined;
}

/** Waits for the call to fail; a success is thrown. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (thrown: ServiceError) => thrown,
  );
  if (error === undefined) throw new Error('the call was expected to fail');
  const details = readDetails(error.metadata);
  const retryDelay = details.retry?.retryDelay;
  return {
    code: error.code,
    message: error.details,
    fields: details.bad?.fieldViolations.map(({ field }) => field) ?? [],
    reason: details.info?.reason,
    retryDelayMs: retryDelay && retryDelay.seconds * 1000 + retryDelay.nanos / 1e6,
  };
}

function readDetails(metadata: Metadata): { bad?: BadRequest; info?: ErrorInfo; retry?: RetryInfo } {
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (!(bytes instanceof Buffer)) return {};
  const byType = new Map(
    Status.decode(bytes).details.map(({ typeUrl, value }) => [typeUrl.split('.').at(-1), value]),
  );
  const [bad, info, retry] = ['BadRequest', 'ErrorInfo', 'RetryInfo'].map((type) => byType.get(type));
  return {
    ...(bad && { bad: BadRequest.decode(bad) }),
    ...(info && { info: ErrorInfo.decode(info) }),
    ...(retry && { retry: RetryInfo.decode(retry) }),
  };
}
