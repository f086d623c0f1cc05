import { type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { within } from '../../../environment/within';
import {
  type AdmitResponse,
  type BatchAdmitResponse,
  Decision,
  type QuotaServiceClient,
  type RecordCallResponse,
  type RefundResponse,
} from '../../../gen/quota/v1/quota_service';
import { promised, tokenMetadata } from '../../helpers/quota_client';
import { TOKENS } from './policies';

export interface Request {
  readonly op: 'admit' | 'call' | 'refund';
  readonly subject: string;
  readonly policy: string;
  readonly service: string;
  readonly id: string;
  readonly cost: number;
}

/** What a client was answered, in the words of the record; the name of the status if it failed. */
export interface AskedOutcome {
  readonly outcome: string;
  /** Whether asking again could change nothing. */
  readonly isAnswered: boolean;
}

/** The answers that a repeat would get as well. */
const FINAL: ReadonlySet<number> = new Set([status.NOT_FOUND, status.FAILED_PRECONDITION]);

/** How long an answer is waited for beyond its deadline: who gives up at the deadline cannot see how late the answer is. */
const GRACE_MS = 10_000;

/** The deadline as the daemon is sent it, by which the library of this process does not give up. */
function deadlineIn(lastsMs: number): Metadata {
  const metadata = tokenMetadata(TOKENS.clients);
  metadata.set('grpc-timeout', `${lastsMs}m`);
  return metadata;
}

/** Asks a daemon once, several admissions in one batch, and returns what each was answered. */
export function ask(
  client: QuotaServiceClient,
  requests: readonly Request[],
  lastsMs: number,
): Promise<readonly AskedOutcome[]> {
  const late = requests.map(() => ({ outcome: 'UNANSWERED', isAnswered: false }));
  return within(answersOf(client, requests, lastsMs), { limitMs: lastsMs + GRACE_MS, late });
}

async function answersOf(
  client: QuotaServiceClient,
  requests: readonly Request[],
  lastsMs: number,
): Promise<readonly AskedOutcome[]> {
  try {
    const [only, ...more] = requests;
    if (only === undefined) return [];
    if (more.length > 0) return await askBatch(client, requests, lastsMs);
    return [{ outcome: await askOne(client, only, lastsMs), isAnswered: true }];
  } catch (error) {
    // A channel that was closed meanwhile throws without a status.
    const failed = failureOf((error as ServiceError).code ?? status.CANCELLED);
    return requests.map(() => failed);
  }
}

async function askOne(client: QuotaServiceClient, request: Request, lastsMs: number): Promise<string> {
  const { op, subject, service, policy, cost, id: requestId } = request;
  if (op === 'call') {
    const call = { subject, service, requestId, callTime: undefined };
    const { recorded } = await promised<RecordCallResponse>((done) =>
      client.recordCall(call, deadlineIn(lastsMs), done),
    );
    return recorded ? 'recorded' : 'known';
  }
  if (op === 'refund') {
    const { refunded } = await promised<RefundResponse>((done) =>
      client.refund({ subject, policy, requestId }, deadlineIn(lastsMs), done),
    );
    return refunded ? 'refunded' : 'refunded before';
  }
  return verdictOf(
    await promised<AdmitResponse>((done) =>
      client.admit({ subject, policy, cost, requestId }, deadlineIn(lastsMs), done),
    ),
  );
}

async function askBatch(
  client: QuotaServiceClient,
  all: readonly Request[],
  lastsMs: number,
): Promise<readonly AskedOutcome[]> {
  const requests = all.map(({ subject, policy, cost, id: requestId }) => {
    return { subject, policy, cost, requestId };
  });
  const { results } = await promised<BatchAdmitResponse>((done) =>
    client.batchAdmit({ requests }, deadlineIn(lastsMs), done),
  );
  return results.map(({ result }) => {
    if (result?.$case === 'response') return { outcome: verdictOf(result.value), isAnswered: true };
    return failureOf(result?.value.code ?? status.UNKNOWN);
  });
}

function verdictOf({ decision, isRepeat }: AdmitResponse): string {
  if (decision === Decision.DENIED) return 'denied';
  return isRepeat ? 'repeated' : 'admitted';
}

function failureOf(code: number): AskedOutcome {
  return { outcome: status[code] ?? String(code), isAnswered: FINAL.has(code) };
}
