import type { ServiceUsage, SubjectUsage, Usage, UsageQuery, UserConnection, UserCount } from './usage';

/** The last users to connect and the most connected ones, of one partition, exact at `nowMs`. */
export interface Logins {
  readonly nowMs: number;
  readonly recent: readonly UserConnection[];
  readonly top: readonly UserCount[];
  /** The connections of the subject that was asked for; 0 if it has none here, or nobody was. */
  readonly subjectCount: number;
  /** Since when the counts are complete. */
  readonly completeSinceMs: number;
}

/** What one partition knows. */
export interface PartitionUsage {
  readonly logins: Logins;
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
  const recent = parts.flatMap(({ logins }) => logins.recent);
  const top = parts.flatMap(({ logins }) => logins.top);
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
    completeSinceMs: Math.max(...parts.map(({ logins }) => logins.completeSinceMs)),
    readTimeMs: Math.max(...parts.map(({ logins }) => logins.nowMs)),
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
    connectionCount: parts.reduce((sum, { logins }) => sum + logins.subjectCount, 0),
    callCount: parts.reduce((sum, { subjectCount }) => sum + subjectCount, 0),
  };
}

function sumByService(usages: readonly ServiceUsage[]): ServiceUsage[] {
  const sums = new Map<string, number>();
  for (const { service, callCount } of usages) sums.set(service, (sums.get(service) ?? 0) + callCount);
  return [...sums].map(([service, callCount]) => ({ service, callCount }));
}
