import { randomUUID } from 'node:crypto';
import { credentials, type ServiceError } from '@grpc/grpc-js';
import {
  RateLimitResponse_Code as Code,
  type RateLimitResponse,
  RateLimitServiceClient,
} from '../../../gen/envoy/service/ratelimit/v3/rls';
import {
  type AdmitRequest,
  type BatchAdmitResponse,
  Decision,
  QuotaServiceClient,
} from '../../../gen/quota/v1/quota_service';
import { filledSubject } from '../redis/filling';
import { ENVOY_DOMAIN, ENVOY_KEY } from './envoy_mapping';
import type { ClosedOrder, ClosedResult } from './orders';

const DEFAULT_POLICY = 'connection';
const SERVICE = 'vente';
const DEFAULT_BATCH_SIZE = 100;

type Counts = { decisions: number; admitted: number; failed: number };

/** Runs the order. */
export async function runClosedLoop(order: ClosedOrder): Promise<ClosedResult> {
  const clients = Array.from({ length: order.connections }, () => openClient(order.target));
  const counts: Counts = { decisions: 0, admitted: 0, failed: 0 };
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const endMs = startMs + order.durationMs;
  const send = senderOf(order, counts);
  let sent = 0;

  async function line(client: Clients): Promise<void> {
    while (performance.now() < endMs && sent < (order.count ?? Number.POSITIVE_INFINITY)) {
      sent += 1;
      await send(client);
    }
  }

  await Promise.all(
    Array.from({ length: order.concurrency }, (_, index) => {
      const client = clients[index % clients.length];
      return client && line(client);
    }),
  );
  const elapsedMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const client of clients.flatMap(Object.values)) client.close();
  return { ...counts, elapsedMs, cpuUs: user + system };
}

/** The clients of the services; one that is not used does not connect. */
interface Clients {
  readonly quota: QuotaServiceClient;
  readonly envoy: RateLimitServiceClient;
}

/** Each client has a connection of its own. */
function openClient(target: string): Clients {
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  return {
    quota: new QuotaServiceClient(target, credentials.createInsecure(), options),
    envoy: new RateLimitServiceClient(target, credentials.createInsecure(), options),
  };
}

function senderOf(order: ClosedOrder, counts: Counts): (clients: Clients) => Promise<void> {
  const { policy = DEFAULT_POLICY, batchSize = DEFAULT_BATCH_SIZE, subjects } = order;
  let next = 0;
  const nextSubject = () => {
    if (subjects.filling) return filledSubject(subjects.filling, Math.floor(Math.random() * subjects.count));
    next += 1;
    return `${subjects.prefix}${next % subjects.count}`;
  };
  const admission = (): AdmitRequest => ({ subject: nextSubject(), policy, requestId: randomUUID() });

  const admit = ({ quota }: Clients) =>
    settled(counts, (done) => quota.admit(admission(), done), countDecision);
  const batch = ({ quota }: Clients) =>
    settled(
      counts,
      (done: Done<BatchAdmitResponse>) =>
        quota.batchAdmit({ requests: Array.from({ length: batchSize }, admission) }, done),
      (_, { results }) => {
        for (const { result } of results)
          if (result?.$case === 'response') countDecision(counts, result.value);
          else counts.failed += 1;
      },
    );
  const recordCall = ({ quota }: Clients) =>
    settled(
      counts,
      (done) =>
        quota.recordCall(
          { subject: nextSubject(), service: SERVICE, requestId: randomUUID(), callTime: undefined },
          done,
        ),
      () => {
        counts.decisions += 1;
      },
    );
  const envoy = (clients: Clients) =>
    settled(
      counts,
      (done: Done<RateLimitResponse>) => clients.envoy.shouldRateLimit(question(nextSubject()), done),
      (_, { overallCode }) => {
        counts.decisions += 1;
        if (overallCode === Code.OK) counts.admitted += 1;
      },
    );
  return { admit, batch, 'record-call': recordCall, envoy }[order.call];
}

/** What Envoy asks for one request of a route with one rate limit. */
function question(value: string) {
  const entries = [{ key: ENVOY_KEY, value }];
  return {
    domain: ENVOY_DOMAIN,
    descriptors: [{ entries, limit: undefined, hitsAddend: undefined, isNegativeHits: false }],
    hitsAddend: 0,
  };
}

function countDecision(counts: Counts, { decision }: { decision: Decision }): void {
  counts.decisions += 1;
  if (decision === Decision.ADMITTED) counts.admitted += 1;
}

type Done<Response> = (error: ServiceError | null, response: Response) => void;

function settled<Response>(
  counts: Counts,
  call: (done: Done<Response>) => unknown,
  count: (counts: Counts, response: Response) => void,
): Promise<void> {
  return new Promise((resolve) => {
    call((error, response) => {
      if (error) counts.failed += 1;
      else count(counts, response);
      resolve();
    });
  });
}
