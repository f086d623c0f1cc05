import { type Context, openAccounts } from './accounts';
import { checkBuckets } from './checks/buckets';
import { checkClients } from './checks/clients';
import { checkDenials } from './checks/denials';
import { checkErasures } from './checks/erasures';
import { noteFailovers } from './checks/failovers';
import { checkIds } from './checks/ids';
import { checkOutages } from './checks/outages';
import { checkRaises } from './checks/raises';
import { checkRefunds } from './checks/refunds';
import { checkSizes } from './checks/sizes';
import { checkStatistics } from './checks/statistics';
import { checkSteps } from './checks/steps';
import { checkTimes } from './checks/times';
import { checkWindows } from './checks/windows';
import { createStoreClock } from './clock';
import { buildHistory } from './history';
import type { FailoverLine } from './lines';
import { isUnknown } from './outcomes';
import type { RawRecord } from './read_record';
import { failoverOf, replacementsOf } from './replacements';
import { createSettling } from './settling';
import type { Finding } from './violations';

export interface AuditSettings {
  /** How far the clocks of the daemons and of the store may differ. */
  readonly toleranceUs: number;
  /** The longest delay of the statistics. */
  readonly lagUs: number;
  /** Failovers that the record itself does not name. */
  readonly failovers?: readonly FailoverLine[];
  /**
   * What was answered for so long before a process noticed a failover may be lost; unless given, such a failover explains
   * no loss.
   */
  readonly noticedWithinUs?: number;
}

export interface AuditResult {
  readonly findings: readonly Finding[];
  readonly processCount: number;
  readonly requestCount: number;
  /** Sent, with no answer recorded. */
  readonly unansweredCount: number;
  /** Answered, and the store may have taken something or not. */
  readonly unknownCount: number;
}

/** Checks the records of daemons by brute force. It shares no code with them. */
export function audit(record: RawRecord, settings: AuditSettings): AuditResult {
  const { toleranceUs, lagUs, failovers = [], noticedWithinUs } = settings;
  const recorded = buildHistory(record.files);
  const noticed =
    noticedWithinUs === undefined
      ? []
      : replacementsOf(recorded.facts).map((each) => failoverOf(each, noticedWithinUs));
  const given = [...failovers, ...noticed].map((fact) => ({ atUs: fact.fromUs, fact }));
  const history = { ...recorded, facts: [...recorded.facts, ...given] };
  const clock = createStoreClock(history.facts, toleranceUs);
  const context: Context = { history, clock, settling: createSettling(history) };
  const accounts = openAccounts(context);
  return {
    findings: [
      record.finding,
      history.finding,
      checkTimes(accounts, context),
      checkSizes(accounts, context),
      checkWindows(accounts, context),
      checkBuckets(accounts, context),
      checkDenials(accounts),
      checkIds(accounts, context),
      checkOutages(accounts),
      checkRefunds(accounts, context),
      checkRaises(context),
      checkErasures(accounts, context),
      checkSteps(accounts, context),
      checkStatistics(accounts, context, { lagUs }),
      checkClients(context),
      noteFailovers(context),
    ],
    processCount: history.processCount,
    requestCount: history.operations.length,
    unansweredCount: history.unansweredCount,
    unknownCount: history.attempts.filter((each) => each.answer !== undefined && isUnknown(each)).length,
  };
}
