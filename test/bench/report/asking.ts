import { randomUUID } from 'node:crypto';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Decision, QuotaServiceClient } from '../../../gen/quota/v1/quota_service';

/** What came of one Admit, and when it was asked, in seconds since the measurement began. */
export interface Asked {
  readonly atS: number;
  readonly latencyMs: number;
  readonly verdict: 'admitted' | 'denied' | 'unanswered';
  readonly isDegraded: boolean;
}

const DEADLINE_MS = 2_000;

/** Asks a daemon, and remembers the result of each request. */
export interface Asking {
  ask(request: { subject: string; policy: string }): void;
  /** Everything asked, in order, once all of it has an outcome. */
  finish(): Promise<readonly Asked[]>;
}

export function startAsking(target: string): Asking {
  const client = new QuotaServiceClient(target, credentials.createInsecure());
  const beganAt = performance.now();
  const outcomes: Promise<Asked>[] = [];
  return {
    ask({ subject, policy }) {
      outcomes.push(askOnce(client, { subject, policy, beganAt }));
    },
    async finish() {
      const all = await Promise.all(outcomes);
      client.close();
      return all;
    },
  };
}

function askOnce(
  client: QuotaServiceClient,
  { subject, policy, beganAt }: { subject: string; policy: string; beganAt: number },
): Promise<Asked> {
  const askedAt = performance.now();
  const request = { subject, policy, cost: undefined, requestId: randomUUID() };
  return new Promise((resolve) => {
    const done = (outcome: Pick<Asked, 'verdict' | 'isDegraded'>) =>
      resolve({
        atS: (askedAt - beganAt) / 1000,
        latencyMs: performance.now() - askedAt,
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
