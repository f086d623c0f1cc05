import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Decision, QuotaServiceClient } from '../../../gen/quota/v1/quota_service';

/** What came of one Admit, and when it was due, in seconds since the measurement began. */
export interface Asked {
  readonly atS: number;
  /** From when it was due. */
  readonly latencyMs: number;
  readonly verdict: 'admitted' | 'denied' | 'unanswered';
  readonly isDegraded: boolean;
}

const DEADLINE_MS = 2_000;

/** One Admit, and when it is due, in seconds from the beginning. */
interface Due {
  readonly atS: number;
  readonly subject: string;
  readonly policy: string;
}

/** Asks a daemon at these moments, however fast it answers; returns what came of each request, in order. */
export async function askOnTime(target: string, requests: readonly Due[]): Promise<Asked[]> {
  const client = new QuotaServiceClient(target, credentials.createInsecure());
  const beganAt = performance.now();
  const outcomes: Promise<Asked>[] = [];
  for (const due of requests) {
    const dueAt = beganAt + due.atS * 1000;
    await pause(Math.max(0, dueAt - performance.now()));
    outcomes.push(askOnce(client, { ...due, dueAt }));
  }
  const all = await Promise.all(outcomes);
  client.close();
  return all;
}

/** So many a second for so long, the n-th as made from n. */
export function steadily(
  { perSecond, durationS }: { readonly perSecond: number; readonly durationS: number },
  requestOf: (turn: number) => Omit<Due, 'atS'>,
): Due[] {
  return Array.from({ length: Math.floor(durationS * perSecond) }, (_, turn) => ({
    atS: turn / perSecond,
    ...requestOf(turn),
  }));
}

function askOnce(
  client: QuotaServiceClient,
  { atS, subject, policy, dueAt }: Due & { dueAt: number },
): Promise<Asked> {
  const request = { subject, policy, cost: undefined, requestId: randomUUID() };
  return new Promise((resolve) => {
    const done = (outcome: Pick<Asked, 'verdict' | 'isDegraded'>) =>
      resolve({
        atS,
        latencyMs: performance.now() - dueAt,
        ...outcome,
      });
    client.admit(
      request,
      new Metadata(),
      { deadline: Date.now() + DEADLINE_MS },
      (error: ServiceError | null, response) => {
        if (error !== null) return done({ verdict: 'unanswered', isDegraded: false });
        const verdict = response.decision === Decision.ADMITTED ? 'admitted' : 'denied';
        return done({ verdict, isDegraded: response.degraded });
      },
    );
  });
}
