import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type ClientOptions, credentials } from '@grpc/grpc-js';
import { type AdmitResponse, Decision, QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { promised, tokenMetadata } from '../helpers/quota_client';
import { until, within } from '../helpers/wait';

const WORKERS = 8;
const SUBJECTS = 240;

/** A call that takes longer, repeats included, has failed. */
export const CALL_DEADLINE_MS = 30_000;

/** What docs/clients.md advises, and nothing else. */
const RETRY_ADVICE = {
  name: [{ service: 'quota.v1.QuotaService' }],
  retryPolicy: {
    maxAttempts: 4,
    initialBackoff: '0.05s',
    maxBackoff: '0.2s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  },
};

export interface Answer {
  readonly isAdmitted: boolean;
  readonly isDegraded: boolean;
}

export type Ask = (subject: string) => Promise<Answer>;

export interface AdvisedClient {
  readonly ask: Ask;
  close(): void;
}

/** The library alone, with the retry advice of docs/clients.md. */
export function openAdvisedClient(
  target: string,
  { policy, token, balancing = {} }: { policy: string; token?: string; balancing?: object },
): AdvisedClient {
  const options: ClientOptions = {
    'grpc.service_config': JSON.stringify({ methodConfig: [RETRY_ADVICE], ...balancing }),
  };
  const client = new QuotaServiceClient(target, credentials.createInsecure(), options);
  const metadata = tokenMetadata(token);
  return {
    async ask(subject) {
      const request = { subject, policy, requestId: randomUUID(), cost: undefined };
      const deadline = Date.now() + CALL_DEADLINE_MS;
      const { decision, degraded } = await promised<AdmitResponse>((done) =>
        client.admit(request, metadata, { deadline }, done),
      );
      return { isAdmitted: decision === Decision.ADMITTED, isDegraded: degraded };
    },
    close: () => client.close(),
  };
}

/** Calls without an end, each of which must be answered. */
export interface Calls {
  /** How often each subject was admitted. */
  readonly admitted: ReadonlyMap<string, number>;
  readonly deniedCount: number;
  /** How many were answered by a failure rule, without the store. */
  readonly degradedCount: number;
  /** Every call that failed; none is made again. */
  readonly failures: readonly unknown[];
  /** Waits until this many more were answered. */
  more(count: number): Promise<void>;
  /** Begins no more, and waits for the last answers. */
  finish(): Promise<void>;
}

/** Many callers, each of which asks again as soon as it has its answer, for some subject. */
export function startCalls(ask: Ask, subjectOf = (call: number) => `user-${call % SUBJECTS}`): Calls {
  const admitted = new Map<string, number>();
  const failures: unknown[] = [];
  const counts = { begun: 0, answered: 0, denied: 0, degraded: 0 };
  let isFinishing = false;

  async function work(): Promise<void> {
    while (!isFinishing) {
      counts.begun += 1;
      const subject = subjectOf(counts.begun);
      try {
        const { isAdmitted, isDegraded } = await ask(subject);
        if (isAdmitted) admitted.set(subject, (admitted.get(subject) ?? 0) + 1);
        else counts.denied += 1;
        if (isDegraded) counts.degraded += 1;
        counts.answered += 1;
      } catch (error) {
        failures.push(error);
      }
      await pause(1);
    }
  }

  const done = Promise.all(Array.from({ length: WORKERS }, work));
  return {
    admitted,
    failures,
    get deniedCount() {
      return counts.denied;
    },
    get degradedCount() {
      return counts.degraded;
    },
    more(count) {
      const wanted = counts.answered + count;
      return until(`${count} more answers`, () => counts.answered >= wanted);
    },
    async finish() {
      isFinishing = true;
      await within('the last answers', done);
    },
  };
}
