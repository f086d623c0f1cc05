import type { AuditResult } from './audit';

/** The most lines of one kind: more would say nothing new. */
const SHOWN = 20;

export function violationCount({ findings }: Pick<AuditResult, 'findings'>): number {
  return findings.reduce((sum, { violations }) => sum + violations.length, 0);
}

/** The result of an audit, line by line. */
export function reportLines(result: AuditResult): string[] {
  const { findings, processCount, requestCount, unansweredCount, unknownCount } = result;
  const lines = [
    `${requestCount} requests of ${processCount} processes; ${unansweredCount} without an answer, ${unknownCount} whose answer leaves open whether they count`,
  ];
  for (const { check, examined, violations, notes = [] } of findings) {
    lines.push(
      `${violations.length === 0 ? '✓' : '✗'} ${check}: ${examined}, ${violations.length} violations`,
    );
    lines.push(...notes.map((note) => `    ${note}`));
    lines.push(...violations.slice(0, SHOWN).map(({ message }) => `    ${message}`));
    if (violations.length > SHOWN) lines.push(`    and ${violations.length - SHOWN} more`);
  }
  return lines;
}
