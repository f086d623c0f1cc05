import type { Range, StoreClock } from './clock';
import type { Attempt, Restored, Span } from './history';
import { isCharge, isRepeat, isUnknown } from './outcomes';
import type { Settling } from './settling';

/** What the store took, or may have taken, for one request. */
export interface Taking extends Range {
  /** The id of the request; undefined if it has none. */
  readonly id: string | undefined;
  readonly cost: number;
  /** Its start and end. */
  readonly span: Span;
  /** The store took it, and still has it. */
  readonly isCertain: boolean;
  /** The store's own answer to it says when. */
  readonly isDated: boolean;
  /** Until when it was written, by the store's clock. A bucket counts what is written after an outage as late as this. */
  readonly writtenByUs: number;
  /** From when on it is certain to be in the store, by the daemons' clocks. */
  readonly certainFromUs: number;
  /** The number of steps of the store's clock before it was taken; undefined if unknown. */
  readonly epoch: number | undefined;
  readonly place: string;
}

interface Tools {
  readonly clock: StoreClock;
  readonly settling: Settling;
}

interface Requests {
  readonly attempts: readonly Attempt[];
  readonly restores: readonly Restored[];
}

/** For how long before it was admitted locally a request without an id of its caller may have been sent to the store. */
const FIRST_SENDING_US = 10_000_000;

/** What was taken from the policy of one subject. Tries that share an id are one request. */
export function takingsOf({ attempts, restores }: Requests, tools: Tools): Taking[] {
  const requests = new Map<string, { attempts: Attempt[]; restores: Restored[] }>();
  const requestOf = ({ sent, place }: Attempt | Restored) => {
    const id = sent.id ?? place;
    const known = requests.get(id) ?? { attempts: [], restores: [] };
    requests.set(id, known);
    return known;
  };
  for (const attempt of attempts) requestOf(attempt).attempts.push(attempt);
  for (const restored of restores) requestOf(restored).restores.push(restored);
  return [...requests.values()].flatMap((request) => takingsOfRequest(request, tools));
}

/** Whether the store may have lost what it acknowledged, in spite of what the answer had waited for. */
export function mayHaveLost(asked: Attempt | Restored, settling: Settling): boolean {
  const { sentUs, answeredUs, sent, policy } = asked;
  const waited = sent.op === 'admit' && { isOnDisk: policy.isDurable, replicas: policy.waitReplicas };
  return settling.mayBeLost({ sentUs, answeredUs, ...waited });
}

function takingsOfRequest(request: Requests, tools: Tools): Taking[] {
  const charges = request.attempts.filter(isCharge);
  const dated = charges.map((charge) => datedTaking(charge, tools));
  // A charge shows that nothing before it was taken, and that all after it took nothing, unless the store has lost it.
  if (dated.length > 0 && dated.every(({ isCertain }) => isCertain)) return dated;
  const undated = undatedTaking(request, tools);
  return undated === undefined
    ? dated
    : [...dated, dated.length > 0 ? { ...undated, isCertain: false } : undated];
}

function datedTaking(charge: Attempt, { clock, settling }: Tools): Taking {
  const { sent, sentUs, answeredUs, place, answer } = charge;
  const decidedUs = answer?.decidedUs ?? 0;
  const epoch = clock.epochOf(charge, decidedUs);
  return {
    id: sent.id,
    cost: sent.cost,
    span: { sentUs, answeredUs },
    earliestUs: decidedUs,
    latestUs: decidedUs,
    writtenByUs: decidedUs,
    isCertain: epoch !== undefined && !mayHaveLost(charge, settling),
    isDated: true,
    certainFromUs: answeredUs,
    epoch,
    place,
  };
}

/** What a request without a dated charge took: certain if a repeat or the writing after an outage shows it. */
function undatedTaking({ attempts, restores }: Requests, { clock, settling }: Tools): Taking | undefined {
  const unknown = attempts.filter(isUnknown);
  const [first] = [...unknown, ...restores];
  if (first === undefined) return undefined;
  const shown = [...attempts.filter(isRepeat), ...restores.filter(({ answer }) => answer?.isRestored)];
  const certainFromUs = Math.min(...shown.map(({ answeredUs }) => answeredUs));
  const spanUntilShown = (each: Attempt | Restored): Span => {
    const { sentUs, answeredUs } = settling.spanOf(each);
    return { sentUs, answeredUs: Math.max(sentUs, Math.min(answeredUs, certainFromUs)) };
  };
  const spans = unknown.map(spanUntilShown);
  const writings = restores.map(spanUntilShown).map((span) => clock.rangeOf(span).latestUs);
  const moments = [
    ...spans.map((span) => clock.rangeOf(span)),
    ...restores.map(ownMoment(unknown.length > 0)),
  ];
  const latestUs = Math.max(...moments.map((moment) => moment.latestUs));
  const span = hullOf([...spans, ...restores]);
  const epoch = clock.soleEpoch(span);
  return {
    id: first.sent.id,
    cost: first.sent.cost,
    span,
    earliestUs: Math.min(...moments.map(({ earliestUs }) => earliestUs)),
    latestUs,
    writtenByUs: Math.max(latestUs, ...writings),
    isCertain: shown.some((each) => !mayHaveLost(each, settling)) && epoch !== undefined,
    isDated: false,
    certainFromUs,
    epoch,
    place: first.place,
  };
}

/** What is written after an outage counts at its own time, or earlier if its first sending had arrived. */
function ownMoment(hasSendings: boolean): (restored: Restored) => Range {
  return ({ sent: { admittedUs } }) => {
    return { earliestUs: hasSendings ? admittedUs : admittedUs - FIRST_SENDING_US, latestUs: admittedUs };
  };
}

function hullOf(spans: readonly Span[]): Span {
  return {
    sentUs: Math.min(...spans.map(({ sentUs }) => sentUs)),
    answeredUs: Math.max(...spans.map(({ answeredUs }) => answeredUs)),
  };
}
