import type { PolicyDifference, ReplayResult } from '../../daemon/quota/replay';

/** Subjects that are named; the others are counted. */
const SUBJECTS_SHOWN = 5;

/** The result of a replay, for the terminal. */
export function describeReplay({ firstMs, lastMs, differences }: ReplayResult, file: string): string {
  if (firstMs === undefined || lastMs === undefined)
    return 'No decision was kept in that time: nothing to replay.';
  const requestCount = differences.reduce((sum, each) => sum + each.requestCount, 0);
  const span = `${new Date(firstMs).toISOString()} to ${new Date(lastMs).toISOString()}`;
  const lines = [
    `Replayed ${plural(requestCount, 'request')}, ${span}, against ${file}.`,
    'Admissions are replayed as far as the log holds them; denials are a sample, so their numbers show a share only.',
  ];
  return [...lines, ...differences.map(describePolicy)].join('\n\n');
}

function describePolicy(difference: PolicyDifference): string {
  const { policy, requestCount, deniedCount, wouldDenyCount } = difference;
  if (wouldDenyCount === undefined) {
    return `${policy}: ${plural(requestCount, 'request')}, and no such policy in the file`;
  }
  const lines = [
    `${policy}: ${plural(requestCount, 'request')}, ${deniedCount} denied, ${wouldDenyCount} would be denied`,
    describeChanged('newly denied', difference.newlyDenied),
    describeChanged('newly admitted', difference.newlyAdmitted),
  ];
  return lines.filter((line) => line !== undefined).join('\n');
}

/** The subjects with the most changes first. */
function describeChanged(what: string, changed: ReadonlyMap<string, number>): string | undefined {
  if (changed.size === 0) return undefined;
  const most = [...changed].sort(([, a], [, b]) => b - a);
  const total = most.reduce((sum, [, requestCount]) => sum + requestCount, 0);
  const shown = most
    .slice(0, SUBJECTS_SHOWN)
    .map(([subject, requestCount]) => `${subject} (${requestCount})`);
  const others = most.length > shown.length ? [`and ${most.length - shown.length} more`] : [];
  return `  ${what}: ${plural(total, 'request')} of ${plural(most.length, 'subject')}: ${[...shown, ...others].join(', ')}`;
}

function plural(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}
