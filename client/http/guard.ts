import type { Admission } from '../answers/admission';
import { QuotaUnavailable } from '../answers/unavailable';
import { guarded } from '../guarded';
import type { QuotaClient } from '../quota_client';
import { denialAnswer, type HttpAnswer, outageAnswer } from './answer';
import { rateLimitHeaders } from './headers';

/** What decides about a request, for any framework. */
export type GuardOptions = {
  client: Pick<QuotaClient, 'admit' | 'refund'>;
  policy: string;
  /** Adds `pk` to the fields: a keyed hash of the subject with this secret. */
  partitionSecret?: string;
};

type Question = { subject: string; cost: number; accept: string | undefined };

/** The request goes on, with these fields on its answer; or this is the answer. */
type Verdict =
  | { admission: Admission; headers: Record<string, string>; answer: undefined }
  | { answer: HttpAnswer };

/** Asks about one HTTP request. Throws if the daemon rejects the question: an unknown policy or a wrong token, for example. */
export async function decide(options: GuardOptions, { subject, cost, accept }: Question): Promise<Verdict> {
  const { client, policy, partitionSecret: secret } = options;
  const partition = secret === undefined ? undefined : { secret, subject };
  try {
    const admission = await client.admit({ policy, subject, cost });
    if (admission.admitted) {
      return { admission, headers: rateLimitHeaders(admission, { partition }), answer: undefined };
    }
    return { answer: denialAnswer(admission, { accept, partition }) };
  } catch (error) {
    if (!(error instanceof QuotaUnavailable && error.isTemporary)) throw error;
    return { answer: outageAnswer(error, { accept }) };
  }
}

type Taken = { subject: string; admission: Admission };

/** Gives back what an admission took if the application says so. Nobody waits for it. */
export function giveBackIf(
  options: Pick<GuardOptions, 'client'>,
  taken: Taken & { ask: () => boolean },
): void {
  if (guarded(taken.ask, false)) void giveBack(options, taken);
}

/** Gives back what an admission took, if it took something. Its failure is the client's to report, and changes no answer. */
export async function giveBack(
  { client }: Pick<GuardOptions, 'client'>,
  { subject, admission }: Taken,
): Promise<void> {
  const { policy, requestId, decidedBy, limits } = admission;
  if (decidedBy === 'client' && limits.length === 0) return;
  try {
    await client.refund({ subject, policy, requestId });
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
  }
}
