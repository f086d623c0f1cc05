import type { ServiceUsage, SubjectUsage, Usage, UsageQuery, UserCount } from '../quota/usage';
import type { Connections } from './connections';

/** What one partition knows. */
export interface PartitionUsage {
  readonly connections: Connections;
  readonly least: readonly UserCount[];
  readonly services: readonly ServiceUsage[];
  /** The calls of the subject that was asked for; 0 in every partition but its own. */
  readonly subjectCount: number;
}

/** Joins the partitions' answers. Exact, as no subject lies in two partitions, and each list is the best of its own. */
export function mergeUsage(
  parts: readonly PartitionUsage[],
  { recentCount, topCount, leastCount, subject }: UsageQuery,
): Omit<Usage, 'hours'> {
  const recent = parts.flatMap(({ connections }) => connections.recent);
  const top = parts.flatMap(({ connections }) => connections.top);
  const least = parts.flatMap((part) => part.least);
  return {
    recentUsers: recent
      .sort((a, b) => b.connectTimeMs - a.connectTimeMs || compareMembers(b.subject, a.subject))
      .slice(0, recentCount),
    topUsers: top
      .sort((a, b) => b.count - a.count || compareMembers(b.subject, a.subject))
      .slice(0, topCount),
    leastActiveUsers: least
      .sort((a, b) => a.count - b.count || compareMembers(a.subject, b.subject))
      .slice(0, leastCount),
    services: sumByService(parts.flatMap((part) => part.services)),
    readTimeMs: Math.max(...parts.map(({ connections }) => connections.nowMs)),
    subjectUsage: subject === undefined ? undefined : sumOfSubject(parts, subject),
  };
}

/** The order of members of equal score in Redis: by their bytes. */
function compareMembers(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function sumOfSubject(parts: readonly PartitionUsage[], subject: string): SubjectUsage {
  return {
    subject,
    connectionCount: parts.reduce((sum, { connections }) => sum + connections.subjectCount, 0),
    callCount: parts.reduce((sum, { subjectCount }) => sum + subjectCount, 0),
  };
}

function sumByService(usages: readonly ServiceUsage[]): ServiceUsage[] {
  const sums = new Map<string, number>();
  for (const { service, callCount } of usages) sums.set(service, (sums.get(service) ?? 0) + callCount);
  return [...sums].map(([service, callCount]) => ({ service, callCount }));
}
