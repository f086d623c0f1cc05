import { Decision } from '../../../gen/quota/v1/quota_service';
import type { Verdict } from '../../quota/decision_feed';

/** Verdicts as the contract writes them. */
export const VERDICTS: Readonly<Record<Verdict, Decision>> = {
  admitted: Decision.ADMITTED,
  denied: Decision.DENIED,
  refunded: Decision.REFUNDED,
};

const NAMES = ['admitted', 'denied', 'refunded'] as const satisfies readonly Verdict[];

/** The verdict for a value of the contract; undefined for any other value. */
export function verdictNamed(decision: Decision): Verdict | undefined {
  return NAMES.find((name) => VERDICTS[name] === decision);
}
