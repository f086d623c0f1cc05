import type { Account, Context } from '../accounts';
import { isMade } from '../changes';
import { createFinding, type Finding } from '../violations';

/** Nothing that was admitted before a subject was erased is written after that. */
export function checkErasures(accounts: readonly Account[], { history, clock, settling }: Context): Finding {
  const { violate, result } = createFinding('erasures');
  const made = history.erasures.filter((erasure) => isMade(erasure) && !settling.mayBeLost(erasure));
  for (const { subject, restores } of accounts)
    for (const erasure of made.filter(({ sent }) => sent.subject === subject)) {
      const { earliestUs } = clock.rangeOf(erasure);
      for (const { place, sent, sentUs, answer } of restores)
        if (answer?.isRestored && sentUs > erasure.answeredUs && sent.admittedUs < earliestUs)
          violate(`${place}: written after subject ${subject} was erased at ${erasure.place}`);
    }
  return result(`${history.erasures.length} erasures`);
}
