// Callers of the client package, in a process of their own.
import { createQuotaClient } from '../../../client/quota_client';
import { answerQuestions } from '../processes/helper';

/** What the callers do: each asks again as soon as it is answered. */
export interface CallersOrder {
  readonly target: string;
  readonly joins: boolean;
  readonly callers: number;
  readonly durationMs: number;
  readonly subjects: { readonly prefix: string; readonly count: number };
}

export interface CallersResult {
  readonly decisions: number;
  /** Requests that were not decided. */
  readonly failures: number;
  /** The processor time of this process meanwhile, in microseconds. */
  readonly cpuUs: number;
}

const POLICY = 'connection';

/** A busy machine answers in far less; a failure spoils the step. */
const DEADLINE_MS = 10_000;

async function run(order: CallersOrder): Promise<CallersResult> {
  const { target, joins, callers, durationMs, subjects } = order;
  const client = createQuotaClient({ targets: target, joins, deadlineMs: DEADLINE_MS });
  let sent = 0;
  let decisions = 0;
  let failures = 0;
  const start = process.cpuUsage();
  const endMs = performance.now() + durationMs;
  const call = async () => {
    while (performance.now() < endMs) {
      sent += 1;
      const subject = `${subjects.prefix}${sent % subjects.count}`;
      await client.admit({ subject, policy: POLICY }).then(
        () => {
          decisions += 1;
        },
        () => {
          failures += 1;
        },
      );
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const { user, system } = process.cpuUsage(start);
  client.close();
  return { decisions, failures, cpuUs: user + system };
}

answerQuestions(run);
