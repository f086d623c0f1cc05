import { Decision } from '../../../gen/quota/v1/quota_service';
import type { BenchRedis } from '../processes/redis';
import { type Caller, untilAnswered } from '../rows/calls';
import { JOINED, joinedPrefix } from './joined';
import { captureTemplate, SUBJECT, type Template, templateRequestId, type USER } from './template';

/** The policy whose admissions are measured: one limit, and a recorded connection. */
export const POLICY = 'connection';

/** What the daemon sends to Redis for one admission with a request id. */
export function captureAdmission(
  redis: BenchRedis,
  caller: Caller,
  subject: typeof SUBJECT | typeof USER = SUBJECT,
): Promise<Template> {
  return capture(redis, () => caller.admit(admissionOf(subject, 0)));
}

/** What it sends for a batch of as many subjects. If it sends them one by one, that of the first one. */
export function captureJoined(redis: BenchRedis, caller: Caller): Promise<Template> {
  const requests = Array.from({ length: JOINED }, (_, entry) =>
    admissionOf(`${joinedPrefix(entry)}${SUBJECT}`, entry),
  );
  return capture(redis, () => caller.batchAdmit(requests));
}

/** What it sends for one recorded call. */
export function captureRecordCall(redis: BenchRedis, caller: Caller): Promise<Template> {
  return capture(redis, () => caller.recordCall(SUBJECT, templateRequestId(0)));
}

/** Throws unless the daemon denies a subject now: a replay that admitted nothing has measured nothing. */
export async function requireDenied(caller: Caller, subject: string): Promise<void> {
  const { decision } = await untilAnswered(() => caller.admit({ subject, policy: POLICY, requestId: '' }));
  if (decision !== Decision.DENIED) throw new Error('the replayed calls have not admitted what they should');
}

function admissionOf(subject: string, lead: number) {
  return { subject, policy: POLICY, requestId: templateRequestId(lead) };
}

function capture({ port }: BenchRedis, act: () => Promise<unknown>): Promise<Template> {
  return captureTemplate(port, () => untilAnswered(act));
}
