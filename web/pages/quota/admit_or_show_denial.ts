import type { Request, Response } from 'express';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { retryAfter } from '../../../client/http/headers';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { Admission, QuotaClient } from '../../quota/client';
import type { Taken } from './give_back';
import { describeOutage, describeRefusal, type Refusal } from './refusal';

type Admitting = {
  quota: Pick<QuotaClient, 'admit'>;
  policy: string;
  subject: string;
  /** A repeat of it takes nothing, so the browser must not choose it. Without one, each request is new. */
  requestId?: string;
  /** The title and the text of a denial. */
  words: { title: MessageKey; text: MessageKey };
  /** Writes the decision into the answer's headers. */
  tell: (res: Response, admission: Admission) => void;
  req: Request;
  res: Response;
};

/** Why an act was denied; or what was taken for it, by this request or, for a repeat, by an earlier one. */
export type Admittance = { refusal: Refusal } | { refusal?: undefined; taken: Taken; isRepeat: boolean };

/**
 * Asks for an act to be admitted. The page shows a denial, or that no decision was possible, beside what was typed; the
 * headers contain it too.
 */
export async function admitOrShowDenial(admitting: Admitting): Promise<Admittance> {
  const { quota, policy, subject, requestId, words, tell, req, res } = admitting;
  try {
    const admission = await quota.admit({ policy, subject, requestId });
    tell(res, admission);
    req.log.info({ policy, admitted: admission.admitted }, 'the daemon decided');
    if (admission.admitted) {
      const taken = { subject, policy, requestId: admission.requestId };
      return { taken, isRepeat: admission.isRepeat };
    }
    return { refusal: describeRefusal(translatorOf(res), { admission, ...words }) };
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    req.log.error({ err: error, policy }, 'the daemon could not be asked');
    res.set('Retry-After', retryAfter(error.retryAfterMs));
    return { refusal: describeOutage(translatorOf(res), error) };
  }
}
