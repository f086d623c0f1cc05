import type { Request, Response } from 'express';
import type { MessageKey } from '../../i18n/messages';
import { translatorOf } from '../../i18n/translator';
import type { Admission, QuotaClient } from '../../quota/client';
import { retryAfter } from '../../quota/rate_limit_headers';
import { QuotaUnavailable } from '../../quota/unavailable';
import { describeOutage, describeRefusal, type Refusal } from './refusal';

type Admitting = {
  quota: QuotaClient;
  policy: string;
  subject: string;
  /** What a refusal is called, and what it says. */
  words: { title: MessageKey; text: MessageKey };
  /** Puts what was decided into the answer's headers. */
  tell: (res: Response, admission: Admission) => void;
  req: Request;
  res: Response;
};

/**
 * Asks for an act to be admitted. A refusal, or that nobody could decide, is for the page to show beside what was typed; the
 * headers say it too.
 */
export async function admitOrShowDenial(admitting: Admitting): Promise<Refusal | undefined> {
  const { quota, policy, subject, words, tell, req, res } = admitting;
  try {
    const admission = await quota.admit({ policy, subject });
    tell(res, admission);
    req.log.info({ policy, subject, admitted: admission.admitted }, 'the daemon decided');
    return admission.admitted ? undefined : describeRefusal(translatorOf(res), { admission, ...words });
  } catch (error) {
    if (!(error instanceof QuotaUnavailable)) throw error;
    req.log.error({ err: error, policy, subject }, 'the daemon could not be asked');
    res.set('Retry-After', retryAfter(error.retryAfterMs));
    return describeOutage(translatorOf(res), error);
  }
}
