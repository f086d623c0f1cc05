import type { Request, Response } from 'express';
import type { MessageKey } from '../../i18n/messages';
import { type PageTime, type Translator, translatorOf } from '../../i18n/translator';
import type { Admission } from '../../quota/client';
import type { SendPage } from '../view';

type Denied = Extract<Admission, { admitted: false }>;

/** A denial as a page tells it; without `comeBack`, waiting does not help. */
export type Refusal = {
  title: string;
  text: string;
  /** The limit that refused. */
  rule: string | undefined;
  comeBack: { delayMs: number; delay: string; at: PageTime } | undefined;
};

type Refused = { admission: Denied; title: MessageKey; text: MessageKey };

/** Puts a denial into words: why, by which rule, and when to come back. */
export function describeRefusal(translator: Translator, { admission, title, text }: Refused): Refusal {
  const { t, delay, clockIn } = translator;
  const { retryDelayMs: delayMs, limits } = admission;
  // The daemon lists the tightest limit first: the one that refused.
  const [tightest] = limits;
  return {
    title: t(title),
    text: t(text),
    rule: tightest && t('refused.rule', { limit: tightest.limit, window: delay(tightest.windowMs) }),
    comeBack: delayMs === undefined ? undefined : { delayMs, delay: delay(delayMs), at: clockIn(delayMs) },
  };
}

/** Sends a 429 page that says when to come back. The headers are the caller's. */
export function sendRefused(sendPage: SendPage, req: Request, res: Response, refused: Refused): void {
  const refusal = describeRefusal(translatorOf(res), refused);
  sendPage(req, res, {
    view: 'errors/refused',
    title: refusal.title,
    status: 429,
    data: { refusal },
  });
}
