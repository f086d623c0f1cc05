import { type Account, type Context, groupBy } from '../accounts';
import { isCallForgotten, mayForgetCall } from '../erased_calls';
import type { Call, StatisticsRead } from '../history';
import type { Taking } from '../takings';
import { createFinding, type Finding } from '../violations';
import { mayBeRecorded } from './ids';

const US_PER_MS = 1000;

/** The smallest and the largest possible count. */
interface Bounds {
  readonly least: number;
  readonly most: number;
  /** The same, had the store lost nothing. */
  readonly acknowledged: number;
}

/** What `Stats` has answered is what was admitted and recorded, but for what has no known outcome, and for the last moments. */
export function checkStatistics(
  accounts: readonly Account[],
  context: Context,
  { lagUs }: { lagUs: number },
): Finding {
  const { violate, result } = createFinding('statistics');
  const reads = context.history.statistics.filter(({ answer }) => answer?.readTimeMs !== undefined);
  const notes: string[] = [];
  for (const read of reads) {
    const connections = connectionsOf(accounts, read, lagUs);
    const { history } = context;
    const bySubject = callsOf(
      read,
      { context, lagUs },
      {
        keyOf: ({ sent }) => sent.subject,
        mayBeGone: (call) => mayForgetCall(call, read, history),
        isGone: (call) => isCallForgotten(call, read, history),
      },
    );
    // The totals name nobody, so an erasure leaves them.
    const ofServices = {
      keyOf: ({ sent }: Call) => sent.service,
      mayBeGone: () => false,
      isGone: () => false,
    };
    const byService = callsOf(read, { context, lagUs }, ofServices);
    for (const { what, name, count, bounds } of countsOf(read, { connections, bySubject, byService })) {
      if (count < bounds.least || count > bounds.most)
        violate(
          `${read.place}: ${count} ${what} of ${name}, but there were ${bounds.least} to ${bounds.most}`,
        );
      if (count < bounds.acknowledged && read === reads.at(-1))
        notes.push(`${bounds.acknowledged - count} acknowledged ${what} of ${name} were lost by the store`);
    }
    for (const name of missingFrom(read, connections))
      violate(`${read.place}: ${name} is missing among the most connected`);
  }
  return result(`${reads.length} answers`, notes);
}

interface Tools {
  readonly context: Context;
  readonly lagUs: number;
}

type BoundsBy = ReadonlyMap<string, Bounds>;

const NONE: Bounds = { least: 0, most: 0, acknowledged: 0 };

interface Count {
  readonly what: string;
  readonly name: string;
  readonly count: number;
  readonly bounds: Bounds;
}

function countsOf(
  { answer }: StatisticsRead,
  { connections, bySubject, byService }: Record<'connections' | 'bySubject' | 'byService', BoundsBy>,
): Count[] {
  const count = (what: string, all: BoundsBy) => (name: string, counted: number) => {
    return { what, name, count: counted, bounds: all.get(name) ?? NONE };
  };
  const ofConnections = count('connections', connections);
  const ofCalls = count('calls', bySubject);
  const own = answer?.subjectUsage;
  return [
    ...(answer?.topUsers ?? []).map((user) => ofConnections(user.subject, user.count)),
    ...(answer?.leastActiveUsers ?? []).map((user) => ofCalls(user.subject, user.count)),
    ...(answer?.services ?? []).map((each) => count('calls', byService)(each.service, each.callCount)),
    ...(own ? [ofConnections(own.subject, own.connectionCount), ofCalls(own.subject, own.callCount)] : []),
  ];
}

/** The subjects that a list with room must contain. */
function missingFrom({ answer, sent }: StatisticsRead, connections: BoundsBy): string[] {
  const listed = new Set(answer?.topUsers?.map(({ subject }) => subject));
  if (listed.size >= sent.topCount) return [];
  return [...connections].flatMap(([name, { least }]) => (least > 0 && !listed.has(name) ? [name] : []));
}

function connectionsOf(accounts: readonly Account[], read: StatisticsRead, lagUs: number): BoundsBy {
  const readUs = (read.answer?.readTimeMs ?? 0) * US_PER_MS;
  const startUs = readUs - read.sent.topWindowMs * US_PER_MS;
  const recording = accounts.filter(({ attempts }) =>
    attempts.some(({ policy }) => policy.recordsConnections),
  );
  const bounds = new Map<string, Bounds>();
  for (const { subject, takings, changes } of recording) {
    const isGone = (taking: Taking) =>
      changes.isErased(taking, read) || changes.isRefunded(taking, { ...read, sentUs: read.sentUs - lagUs });
    const mayBeGone = (taking: Taking) =>
      changes.mayBeErased(taking, read) || changes.mayBeRefunded(taking, read);
    const possible = takings.filter(
      (taking) => taking.latestUs > startUs && taking.span.sentUs <= read.answeredUs && !isGone(taking),
    );
    const settled = possible.filter(
      (taking) =>
        taking.earliestUs > startUs && taking.certainFromUs + lagUs <= read.sentUs && !mayBeGone(taking),
    );
    const known = bounds.get(subject) ?? NONE;
    bounds.set(subject, {
      least: known.least + settled.filter(({ isCertain }) => isCertain).length,
      most: known.most + possible.length,
      acknowledged:
        known.acknowledged + settled.filter(({ isDated, isCertain }) => isDated || isCertain).length,
    });
  }
  return bounds;
}

/** How calls are counted, and which an erasure has removed. */
interface Counting {
  readonly keyOf: (call: Call) => string;
  readonly mayBeGone: (call: Call) => boolean;
  readonly isGone: (call: Call) => boolean;
}

function callsOf(
  read: StatisticsRead,
  { context, lagUs }: Tools,
  { keyOf, mayBeGone, isGone }: Counting,
): BoundsBy {
  const { settling, history } = context;
  const calls = history.calls.filter((call) => call.sentUs <= read.answeredUs && !isGone(call));
  const bounds = new Map<string, Bounds>();
  for (const [key, group] of groupBy(calls, keyOf)) {
    const requests = [...groupBy(group, ({ sent, place }) => sent.id ?? place).values()];
    const isAcknowledged = ({ answer }: Call) => answer?.isRecorded !== undefined;
    const isSettled = (call: Call) =>
      isAcknowledged(call) && call.answeredUs + lagUs <= read.sentUs && !mayBeGone(call);
    const isKept = (call: Call) => isSettled(call) && !settling.mayBeLost(call, 'calls');
    bounds.set(key, {
      least: requests.filter((tries) => tries.some(isKept)).length,
      most: requests.filter((tries) => tries.some(mayBeRecorded)).length,
      acknowledged: requests.filter((tries) => tries.some(isSettled)).length,
    });
  }
  return bounds;
}
