import { setTimeout as pause } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import {
  type AdmitRequest,
  type AdmitResponse,
  type BatchAdmitResponse,
  QuotaServiceClient,
  type RecordCallResponse,
  type StatsRequest,
  type StatsResponse,
} from '../../../gen/quota/v1/quota_service';

/** Single calls of a daemon, beside the load of others. */
export interface Caller {
  admit(request: AdmitRequest): Promise<AdmitResponse>;
  batchAdmit(requests: AdmitRequest[]): Promise<BatchAdmitResponse>;
  recordCall(subject: string, requestId: string): Promise<RecordCallResponse>;
  stats(request?: Partial<StatsRequest>): Promise<StatsResponse>;
  stop(): Promise<void>;
}

const SERVICE = 'vente';

export function openCaller(target: string): Caller {
  const client = new QuotaServiceClient(target, credentials.createInsecure());
  return {
    admit: (request) => promised((done) => client.admit(request, done)),
    batchAdmit: (requests) => promised((done) => client.batchAdmit({ requests }, done)),
    recordCall: (subject, requestId) =>
      promised((done) =>
        client.recordCall({ subject, service: SERVICE, requestId, callTime: undefined }, done),
      ),
    stats: (request = {}) =>
      promised((done) => client.stats({ topWindow: undefined, subject: '', ...request }, done)),
    stop: async () => client.close(),
  };
}

/** A daemon that was frozen may find its connection to the store silent at first, and a busy disk may hold Redis up. */
const TRIES = 200;
const RETRY_MS = 100;

/** Makes a call until it is answered. */
export async function untilAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (tries === TRIES) throw error;
      await pause(RETRY_MS);
    }
  }
}

function promised<T>(call: (done: (error: Error | null, answer: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (error ? reject(error) : resolve(answer)));
  });
}
