import { randomUUID } from 'node:crypto';
import { type Answer, type Decision, type LimitStatus, tightestFirst } from './admission';
import { joinedId } from './descriptors/derived_id';
import { RefundedRequest, StoreUnavailable } from './errors';
import type { Policy } from './policies';
import type { Refund } from './refund';
import type { Asked, Patience, QuotaStore, RefundAsked } from './store';

/** Above the largest limit there is, and what the contract's cost can hold. */
export const MAX_COST = 0x7fffffff;

/** One of several takings that happen together or not at all. */
export interface Part {
  readonly subject: string;
  readonly policy: Policy;
  /** How many tokens it takes from each limit; 0 only checks whether one is left. */
  readonly cost: number;
  /** Makes a repeat take nothing more; undefined if the caller gave none. */
  readonly requestId: string | undefined;
}

/** How one part stands after the verdict on all of them. */
export interface PartDecision {
  /** False if this part denies. */
  readonly admitted: boolean;
  /** The tightest first; empty if it was admitted without the store. */
  readonly limits: readonly LimitStatus[];
  /** When it was denied: until it would pass; undefined if waiting cannot help. */
  readonly retryDelayUs: number | undefined;
}

/** The verdict on all parts. */
export interface JointDecision {
  readonly admitted: boolean;
  /** In the order of the parts. */
  readonly parts: readonly PartDecision[];
}

/** What came of the tokens that a request had already taken when it was denied or failed. */
export type RaceResult = 'refunded' | 'lost';

export interface JointAdmissionParts {
  readonly store: Pick<QuotaStore, 'readQuota'>;
  readonly admitAll: (asked: readonly Asked[], patience?: Patience) => Promise<readonly Answer[]>;
  /** Refunds, without waiting for other daemons to forget denials. */
  readonly refund: (asked: RefundAsked) => Promise<Refund>;
  /** Called for each request that had taken for some parts when another one was denied or failed. */
  readonly onRace: (result: RaceResult) => void;
}

/** Takes for all parts, or for none. Throws as an admission does: then what was taken is being given back. */
export type JointAdmission = (parts: readonly Part[], patience?: Patience) => Promise<JointDecision>;

/**
 * Subjects lie in different places of the store, so no script can take from all of them at once. Instead all are read
 * first, and nothing is taken if one lacks tokens. What still was taken, because somebody else took from another one in
 * between, is given back: until then others see it as taken, and may be denied for it.
 */
export function createJointAdmission(tools: JointAdmissionParts): JointAdmission {
  return async (parts, patience) => {
    const [only] = parts;
    if (only !== undefined && parts.length === 1 && only.cost > 0) return decideOne(only, tools, patience);
    const joined = joinEqual(parts);
    const decided = await decideJoined([...new Set(joined)], tools, patience);
    return {
      admitted: decided.admitted,
      parts: joined.map((each) => decided.byPart.get(each) as PartDecision),
    };
  };
}

/** A single part needs no check, and nothing can be left of it. */
async function decideOne(
  part: Part,
  { admitAll }: JointAdmissionParts,
  patience?: Patience,
): Promise<JointDecision> {
  const { subject, policy, cost, requestId } = part;
  const asked = { admission: { subject, policy: policy.name, cost, requestId }, policy };
  const [answer] = (await admitAll([asked], patience)).map(deniedIfRefunded);
  if (answer === undefined || answer instanceof Error) throw answer;
  return { admitted: answer.admitted, parts: [answer] };
}

interface Decided {
  readonly admitted: boolean;
  readonly byPart: ReadonlyMap<Part, PartDecision>;
}

async function decideJoined(
  parts: readonly Part[],
  tools: JointAdmissionParts,
  patience?: Patience,
): Promise<Decided> {
  const standings = await Promise.all(parts.map((part) => standingOf(part, tools)));
  const byPart = new Map(parts.map((part, at) => [part, standings[at] as PartDecision]));
  const lacks = (part: Part) => byPart.get(part)?.admitted === false;
  const taking = createTaking(tools, patience);
  // Those that lack tokens are asked first: they are denied, or had been admitted under their id before.
  const isChecked = parts.every((part) => part.cost > 0 || !lacks(part));
  const costing = parts.filter(({ cost }) => cost > 0);
  let isAdmitted = isChecked;
  for (const next of [costing.filter(lacks), costing.filter((part) => !lacks(part))])
    if (isAdmitted) isAdmitted = await taking.take(next);
  for (const [part, decision] of taking.decisions) byPart.set(part, decision);
  if (!isAdmitted) for (const [part, limits] of await taking.giveBack()) byPart.set(part, passing(limits));
  return { admitted: isAdmitted, byPart };
}

/** How a part stands before anything is taken. */
async function standingOf(
  { subject, policy, cost }: Part,
  { store }: JointAdmissionParts,
): Promise<PartDecision> {
  try {
    const limits = tightestFirst(await store.readQuota(subject, policy));
    const lacking = limits.filter(({ shadow, remaining }) => !shadow && remaining < Math.max(1, cost));
    if (lacking.length === 0) return passing(limits);
    const delaysUs = lacking.map(({ limit, nextDelayUs }) => (limit === 0 ? undefined : nextDelayUs));
    const isHopeless = delaysUs.includes(undefined);
    const retryDelayUs = isHopeless ? undefined : Math.max(...delaysUs.map((delayUs = 0) => delayUs));
    return { admitted: false, limits, retryDelayUs };
  } catch (error) {
    // Without the store a taking follows the policy's rule; a check does so only if nothing has to be known.
    const isDecidedLater = cost > 0 || policy.onStoreFailure === 'admit';
    if (error instanceof StoreUnavailable && isDecidedLater) return passing([]);
    throw error;
  }
}

function passing(limits: readonly LimitStatus[]): PartDecision {
  return { admitted: true, limits, retryDelayUs: undefined };
}

/** Takes for parts, and remembers what was taken. */
function createTaking({ admitAll, refund, onRace }: JointAdmissionParts, patience?: Patience) {
  const decisions = new Map<Part, PartDecision>();
  const taken: (RefundAsked & { readonly part: Part })[] = [];

  /** How each part stands afterwards that had been taken. */
  async function giveBack(): Promise<[Part, readonly LimitStatus[]][]> {
    if (taken.length === 0) return [];
    const refunds = await Promise.allSettled(taken.map(({ part: _, ...asked }) => refund(asked)));
    // A failure admits nobody in excess: the tokens come back with their window.
    onRace(refunds.every(({ status }) => status === 'fulfilled') ? 'refunded' : 'lost');
    return taken.map(({ part }, at) => {
      const refunded = refunds[at];
      const limits = refunded?.status === 'fulfilled' ? refunded.value.limits : decisions.get(part)?.limits;
      return [part, limits ?? []];
    });
  }

  return {
    decisions,
    giveBack,
    /** False if one is denied. Throws the first error, and gives back what was taken by then. */
    async take(parts: readonly Part[]): Promise<boolean> {
      if (parts.length === 0) return true;
      const asked = parts.map(askedBy);
      const answers = (await admitAll(asked, patience)).map(deniedIfRefunded);
      for (const [at, answer] of answers.entries()) {
        const part = parts[at] as Part;
        if (answer instanceof Error) continue;
        decisions.set(part, answer);
        if (answer.admitted && !answer.isRepeat)
          taken.push({ part, request: requestOf(asked[at] as IdentifiedAsked), policy: part.policy });
      }
      const failure = answers.find((answer) => answer instanceof Error);
      if (failure === undefined) return answers.every((answer) => (answer as Decision).admitted);
      void giveBack();
      throw failure;
    },
  };
}

interface IdentifiedAsked extends Asked {
  readonly admission: Asked['admission'] & { readonly requestId: string };
}

/** With an id in any case, so that it can be given back. */
function askedBy({ subject, policy, cost, requestId = randomUUID() }: Part): IdentifiedAsked {
  return { admission: { subject, policy: policy.name, cost, requestId }, policy };
}

function requestOf({ admission: { subject, policy, requestId } }: IdentifiedAsked): RefundAsked['request'] {
  return { subject, policy, requestId };
}

/** What was given back after a denial stays denied: a repeat gets the same verdict. */
function deniedIfRefunded(answer: Answer): Answer {
  if (!(answer instanceof RefundedRequest)) return answer;
  return { admitted: false, isRepeat: true, limits: [], retryDelayUs: undefined, decidedUs: 0 };
}

/** Parts of one subject and policy become one with their total cost; each stands where it was. */
function joinEqual(parts: readonly Part[]): Part[] {
  const totals = new Map<string, Part[]>();
  const groupOf = ({ subject, policy }: Part) => `${policy.name}:${subject}`;
  for (const part of parts) totals.set(groupOf(part), [...(totals.get(groupOf(part)) ?? []), part]);
  const joined = new Map([...totals].map(([group, same]) => [group, total(same)]));
  return parts.map((part) => joined.get(groupOf(part)) as Part);
}

function total(same: readonly Part[]): Part {
  const [first] = same as [Part];
  if (same.length === 1) return first;
  // Of several sizes that a gateway asks for, the smallest counts.
  const policy = same
    .map((part) => part.policy)
    .reduce((one, other) => (sizeOf(other) < sizeOf(one) ? other : one));
  const cost = Math.min(
    MAX_COST,
    same.reduce((sum, part) => sum + part.cost, 0),
  );
  const requestId = joinedId(same.filter((part) => part.cost > 0).map((part) => part.requestId));
  return { ...first, policy, cost, requestId };
}

function sizeOf({ limits }: Policy): number {
  return Math.min(...limits.map(({ limit }) => limit));
}
