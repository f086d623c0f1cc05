import type { Finding } from '../../../scripts/audit/violations';
import { FAULTS, type Fault } from './plan';
import type { StageResult } from './stage';

/** What all stages came to together. */
export interface CampaignReport {
  readonly lines: readonly string[];
  readonly injected: ReadonlyMap<Fault, number>;
  readonly violations: readonly string[];
}

export function reportOf(stages: readonly StageResult[]): CampaignReport {
  const injected = new Map<Fault, number>(
    Object.values(FAULTS).flatMap((faults) => faults.map((fault) => [fault, 0])),
  );
  for (const stage of stages)
    for (const [fault, count] of stage.injected) injected.set(fault, (injected.get(fault) ?? 0) + count);
  const total = (of: (stage: StageResult) => number) => stages.reduce((sum, stage) => sum + of(stage), 0);
  const findings = stages.flatMap(({ result }, at) =>
    result.findings.map((finding) => ({ ...finding, stage: at })),
  );
  const violations = findings.flatMap(({ stage, violations: broken }) =>
    broken.map(({ check, message }) => `stage ${stage}, ${check}: ${message}`),
  );
  return {
    injected,
    violations,
    lines: [
      ...[...injected].map(([fault, count]) => `${String(count).padStart(5)}  ${fault}`),
      `${total(({ result }) => result.requestCount)} requests of ${total(({ result }) => result.processCount)} processes, ${total(({ changeCount }) => changeCount)} changes of an operator`,
      `${stages.filter(({ waitsForDisk }) => waitsForDisk).length} of ${stages.length} stages with policies that wait for the disk, which needs Redis 7.2`,
      `${total(({ result }) => result.unansweredCount)} without an answer, ${total(({ result }) => result.unknownCount)} whose answer leaves open whether they count`,
      ...findings.map(lineOf),
      ...findings.flatMap(({ stage, check, notes = [] }) =>
        notes.map((note) => `stage ${stage}, ${check}: ${note}`),
      ),
    ],
  };
}

function lineOf({ stage, check, examined, violations }: Finding & { stage: number }): string {
  return `stage ${stage}, ${check}: ${examined}, ${violations.length} violations`;
}
