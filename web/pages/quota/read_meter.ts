import { QuotaUnavailable } from '../../../client/answers/unavailable';
import type { PageTime, Translator } from '../../i18n/translator';
import type { Limit, QuotaClient } from '../../quota/client';

/** Up to this many tokens are shown one by one. */
const MAX_PIPS = 20;

/** A quarter or less is left: time to take care. */
const LOW_SHARE = 0.25;

/** How much of a limit is left, as a page shows it. */
export type Meter = {
  limit: number;
  remaining: number;
  /** One for each token, true while it is free; none if there are too many to count. */
  pips: boolean[];
  isLow: boolean;
  window: string;
  /** When the next token comes back; undefined if all are free. */
  next: { delayMs: number; delay: string; at: PageTime } | undefined;
};

type Question = { quota: QuotaClient; subject: string; policy: string; translator: Translator };

/** A subject's state in a policy; undefined if the daemon is unreachable, so that no page fails because of it. */
export async function readMeter({
  quota,
  subject,
  policy,
  translator,
}: Question): Promise<Meter | undefined> {
  try {
    return meterOf(await quota.limits({ subject, policy }), translator);
  } catch (error) {
    if (error instanceof QuotaUnavailable) return undefined;
    throw error;
  }
}

/** The meter of limits in the daemon's order; undefined if there is none. */
export function meterOf(limits: readonly Limit[], translator: Translator): Meter | undefined {
  // The tightest comes first: it will deny first.
  const [tightest] = limits;
  return tightest && toMeter(tightest, translator);
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
