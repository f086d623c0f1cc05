import type { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { MessageKey } from '../../i18n/messages';
import type { PageTime, Translator } from '../../i18n/translator';
import type { Admission } from '../../quota/client';

type Denied = Extract<Admission, { admitted: false }>;

/** Why an act was not done, as a page shows it; without `comeBack`, waiting does not help. */
export type Refusal = {
  /** 503 if there was no decision. */
  status: 429 | 503;
  title: string;
  text: string;
  /** The limit that denied. */
  rule: string | undefined;
  comeBack: ComeBack | undefined;
};

type ComeBack = { delayMs: number; delay: string; at: PageTime };

type Refused = { admission: Denied; title: MessageKey; text: MessageKey };

/** Describes a denial: why, by which rule, and when to come back. */
export function describeRefusal(translator: Translator, { admission, title, text }: Refused): Refusal {
  const { t, delay } = translator;
  const { retryDelayMs, limits } = admission;
  // The daemon lists the tightest limit first: the one that denied.
  const [tightest] = limits;
  return {
    status: 429,
    title: t(title),
    text: t(text),
    rule: tightest && t('refused.rule', { limit: tightest.limit, window: delay(tightest.windowMs) }),
    comeBack: retryDelayMs === undefined ? undefined : comeBackIn(translator, retryDelayMs),
  };
}

/** Describes that there was no decision, for a page that keeps what was typed. */
export function describeOutage(translator: Translator, { retryAfterMs }: QuotaUnavailable): Refusal {
  const { t } = translator;
  return {
    status: 503,
    title: t('error.unavailable.title'),
    text: t('error.unavailable.text'),
    rule: undefined,
    comeBack: comeBackIn(translator, retryAfterMs),
  };
}

function comeBackIn({ delay, clockIn }: Translator, delayMs: number): ComeBack {
  return { delayMs, delay: delay(delayMs), at: clockIn(delayMs) };
}
