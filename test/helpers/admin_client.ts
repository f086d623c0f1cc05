import { type ClientReadableStream, credentials, Metadata } from '@grpc/grpc-js';
import type { Duration } from '../../gen/google/protobuf/duration';
import {
  type DaemonProcess,
  type Erasure,
  type GetQuotaResponse,
  type ListAuditResponse,
  type ListBlockedResponse,
  type ListOverridesResponse,
  type ListPoliciesResponse,
  QuotaAdminServiceClient,
  type RaiseLimitRequest,
  type RaiseLimitResponse,
  type SetOverrideRequest,
  type SetOverrideResponse,
  type WatchDecisionsRequest,
  type WatchDecisionsResponse,
} from '../../gen/quota/v1/quota_admin_service';
import { type Done, promised as promisedOnce, untilStoreAnswers } from './quota_client';

/** The generated client of the operators' service, with promises, and with what is unset left out. */
export interface AdminClient {
  getQuota(subject: string, policy?: string, usageWindow?: Duration): Promise<GetQuotaResponse>;
  resetQuota(subject: string, policy?: string): Promise<number>;
  listBlocked(query?: { policy?: string; maxCount?: number }): Promise<ListBlockedResponse>;
  raiseLimit(request: Partial<RaiseLimitRequest>): Promise<RaiseLimitResponse>;
  setOverride(request: Partial<SetOverrideRequest>): Promise<SetOverrideResponse>;
  clearOverride(target: { subject: string; policy: string; limitName: string }): Promise<boolean>;
  listOverrides(query?: {
    subject?: string;
    pageSize?: number;
    pageToken?: string;
  }): Promise<ListOverridesResponse>;
  listPolicies(): Promise<ListPoliciesResponse>;
  listDaemons(): Promise<DaemonProcess[]>;
  eraseSubject(subject: string): Promise<Erasure>;
  getErasure(erasureId: string): Promise<Erasure>;
  listAudit(query?: { pageSize?: number; pageToken?: string }): Promise<ListAuditResponse>;
  watchDecisions(filter?: Partial<WatchDecisionsRequest>): ClientReadableStream<WatchDecisionsResponse>;
  close(): void;
}

/** A call that hangs for this long has failed its test, on a busy machine as well. */
const DEADLINE_MS = 30_000;

export function createAdminClient(target: string, { token }: { token?: string } = {}): AdminClient {
  const client = new QuotaAdminServiceClient(target, credentials.createInsecure());
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  const options = () => ({ deadline: Date.now() + DEADLINE_MS });
  return {
    getQuota: (subject, policy = '', usageWindow = undefined) =>
      promised((done) => client.getQuota({ subject, policy, usageWindow }, metadata, options(), done)),
    async resetQuota(subject, policy = '') {
      const { resetCount } = await promised<{ resetCount: number }>((done) =>
        client.resetQuota({ subject, policy }, metadata, options(), done),
      );
      return resetCount;
    },
    listBlocked: ({ policy = '', maxCount = 0 } = {}) =>
      promised((done) => client.listBlocked({ policy, maxCount }, metadata, options(), done)),
    raiseLimit: (request) => {
      const unset = { subject: '', policy: '', limitName: '', limit: 0, duration: undefined };
      return promised((done) => client.raiseLimit({ ...unset, ...request }, metadata, options(), done));
    },
    setOverride: (request) => {
      const unset = { subject: '', policy: '', limitName: '', limit: undefined, expireTime: undefined };
      return promised((done) => client.setOverride({ ...unset, ...request }, metadata, options(), done));
    },
    async clearOverride(target) {
      const { cleared } = await promised<{ cleared: boolean }>((done) =>
        client.clearOverride(target, metadata, options(), done),
      );
      return cleared;
    },
    listOverrides: ({ subject = '', pageSize = 0, pageToken = '' } = {}) =>
      promised((done) => client.listOverrides({ subject, pageSize, pageToken }, metadata, options(), done)),
    listPolicies: () => promised((done) => client.listPolicies({}, metadata, options(), done)),
    async listDaemons() {
      const { daemons } = await promised<{ daemons: DaemonProcess[] }>((done) =>
        client.listDaemons({}, metadata, options(), done),
      );
      return daemons;
    },
    async eraseSubject(subject) {
      const { erasure } = await promised<{ erasure?: Erasure }>((done) =>
        client.eraseSubject({ subject }, metadata, options(), done),
      );
      return given(erasure);
    },
    async getErasure(erasureId) {
      const { erasure } = await promised<{ erasure?: Erasure }>((done) =>
        client.getErasure({ erasureId }, metadata, options(), done),
      );
      return given(erasure);
    },
    listAudit: ({ pageSize = 0, pageToken = '' } = {}) =>
      promised((done) => client.listAudit({ pageSize, pageToken }, metadata, options(), done)),
    watchDecisions: (filter = {}) =>
      client.watchDecisions({ subject: '', policy: '', decision: 0, ...filter }, metadata),
    close: () => client.close(),
  };
}

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the answer holds nothing');
  return value;
}

function promised<T>(call: (done: Done<T>) => unknown): Promise<T> {
  return untilStoreAnswers(() => promisedOnce(call));
}
