import type { PageTime, Translator } from '../../i18n/translator';
import type { Limit, QuotaClient } from '../../quota/client';
import { QuotaUnavailable } from '../../quota/unavailable';

/** Up to so many tokens are shown one by one. */
const MAX_PIPS = 20;

/** A quarter or less is left: time to take care. */
const LOW_SHARE = 0.25;

/** How much of a limit is left, as a page shows it. */
export type Meter = {
  limit: number;
  remaining: number;
  /** One for each token, true while it is free; none where there are too many to count. */
  pips: boolean[];
  isLow: boolean;
  window: string;
  /** When the next token comes back; undefined where all are free. */
  next: { delayMs: number; delay: string; at: PageTime } | undefined;
};

type Question = { quota: QuotaClient; subject: string; policy: string; translator: Translator };

/** Where a subject stands with a policy; undefined where the daemon cannot be asked, for which no page need fail. */
export async function readMeter({
  quota,
  subject,
  policy,
  translator,
}: Question): Promise<Meter | undefined> {
  try {
    // The tightest stands first: it is the one that will refuse.
    const [tightest] = await quota.limits({ subject, policy });
    return tightest && toMeter(tightest, translator);
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

function toMeter({ limit, remaining, windowMs, nextDelayMs }: Limit, translator: Translator): Meter {
  const { delay, clockIn } = translator;
  const pips = limit > MAX_PIPS ? [] : Array.from({ length: limit }, (_, index) => index < remaining);
  const next = { delayMs: nextDelayMs, delay: delay(nextDelayMs), at: clockIn(nextDelayMs) };
  return {
    limit,
    remaining,
    pips,
    isLow: remaining <= limit * LOW_SHARE,
    window: delay(windowMs),
    next: nextDelayMs > 0 ? next : undefined,
  };
}
