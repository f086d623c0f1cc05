import { expect } from '@jest/globals';
import type { AuditResult } from '../../../scripts/audit/audit';
import { reportLines, violationCount } from '../../../scripts/audit/report';
import { type Exposure, isExposed, type RecordedLoad } from './recorded_load';
import type { Store } from './stores';

/** What a failover has cost. */
export interface Loss {
  /** The tokens that are free again. */
  readonly free: number;
  /** How many answered admissions the former master had made, and its successor may not have received. */
  readonly most: number;
}

const sum = (counts: Iterable<number>) => [...counts].reduce((a, b) => a + b, 0);

/** How many admissions the audit shows to be lost. */
function lostByAudit(result: AuditResult): number {
  const [, lost] = /may be lost, and at least (\d+) are/.exec(reportLines(result).join('\n')) ?? [];
  return Number(lost);
}

const violationsOf = ({ findings }: AuditResult) =>
  findings.flatMap(({ violations }) => violations.map(({ check, message }) => `${check}: ${message}`));

/**
 * Ends the load. No more is free again than the former master admitted while it was exposed, and only of its own subjects.
 * What is free again, and no more, is taken again if it is asked for again; and the audit explains each loss once it knows of
 * the failover, or how long before the daemons noticed it the loss may have begun, and none before.
 */
export async function accountFor(load: RecordedLoad, exposure: Exposure, store: Store): Promise<Loss> {
  const lost = await load.lost();
  const free = sum(lost.values());
  const ofMaster = load.answers.filter(({ subject }) => store.isOwned(subject));
  const exposed = ofMaster.filter((each) => isExposed(each, exposure));
  expect([...lost.keys()].filter((subject) => !store.isOwned(subject))).toEqual([]);
  for (const count of lost.values()) expect(count).toBeGreaterThan(0);
  expect(free).toBeLessThanOrEqual(exposed.length);

  // A try without an answer may have taken a token, which the audit does not count.
  const unknown = await load.askAgain(ofMaster);
  expect(await load.lost()).toEqual(new Map());

  const [informed, uninformed] = [load.audited(exposure), load.audited()];
  expect(violationsOf(informed)).toEqual([]);
  expect(lostByAudit(informed) + unknown).toBeGreaterThanOrEqual(free);
  expect(violationCount(uninformed) + unknown).toBeGreaterThanOrEqual(free);
  expect(violationsOf(await load.auditedByNotice(exposure.fromMs))).toEqual([]);
  return { free, most: exposed.length };
}
