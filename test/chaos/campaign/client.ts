import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../../scripts/demo/random';
import { type AskedOutcome, ask as askDaemon, type Request } from './asking';
import type { Post } from './fleet';
import { type Notebook, wallUs } from './notebook';
import { SERVICES, SUBJECTS } from './policies';
import type { Stalls } from './stalls';

/** A caller that asks again, with the same request ids, until it is answered, as the contract wants it. */
export interface ChaosClient {
  /** Asks for nothing new, and resolves once what is under way is answered or given up. */
  finish(): Promise<void>;
}

export interface ClientOptions {
  readonly random: Random;
  readonly posts: readonly [Post, ...Post[]];
  readonly notes: Notebook;
  readonly stalls: Stalls;
  /** Those that it asks. */
  readonly policies: readonly [string, ...string[]];
}

const CALL_SHARE = 0.2;
const BATCH_SHARE = 0.15;
const LARGEST_BATCH = 5;
const DOUBLE_COST_SHARE = 0.1;
const REPEAT_SHARE = 0.1;
const REFUND_SHARE = 0.15;
const MOST_TRIES = 12;
const US_PER_MS = 1000;

export function startClient({ random, posts, notes, stalls, policies }: ClientOptions): ChaosClient {
  let isFinishing = false;

  /** One try, and what each request was answered. */
  async function ask(requests: readonly Request[]): Promise<readonly AskedOutcome[]> {
    const post = random.pick(posts);
    const client = post.client(random.between(0, 99));
    const [sentUs, sentMs] = [wallUs(), performance.now()];
    const lastsMs = random.between(200, 2_000);
    const outcomes = await askDaemon(client, requests, lastsMs);
    const deadlineUs = sentUs + lastsMs * US_PER_MS;
    // What was over before the deadline makes no answer late.
    const deadlineMs = sentMs + lastsMs;
    const stalledUs = Math.round(stalls.sinceMs(deadlineMs) * US_PER_MS);
    const stoppedUs = Math.round(post.stoppedSinceMs(deadlineMs) * US_PER_MS);
    for (const [at, { op, subject, id }] of requests.entries()) {
      const { outcome } = outcomes[at] ?? { outcome: 'UNKNOWN' };
      notes.write('client', { op, subject, id, sentUs, deadlineUs, stalledUs, stoppedUs, outcome });
    }
    return outcomes;
  }

  /** Tries until each is answered; what each was answered last. */
  async function askInTheEnd(requests: readonly Request[]): Promise<readonly AskedOutcome[]> {
    let outcomes = await ask(requests);
    for (let tries = 1; outcomes.some(({ isAnswered }) => !isAnswered) && tries < MOST_TRIES; tries += 1) {
      await pause(random.between(10, 120));
      outcomes = await ask(requests);
    }
    return outcomes;
  }

  async function refund(request: Request): Promise<void> {
    await askInTheEnd([{ ...request, op: 'refund' }]);
    // A refunded request is not admitted again.
    if (random.isLucky(REPEAT_SHARE)) await ask([request]);
  }

  async function work(): Promise<void> {
    while (!isFinishing) {
      const requests = makeRequests(random, policies);
      const outcomes = await askInTheEnd(requests);
      if (random.isLucky(REPEAT_SHARE)) await ask(requests);
      const admitted = requests.filter((_, at) => outcomes[at]?.outcome === 'admitted');
      for (const request of admitted) if (random.isLucky(REFUND_SHARE)) await refund(request);
      await pause(random.between(5, 60));
    }
  }

  const working = work();
  return {
    finish() {
      isFinishing = true;
      return working;
    },
  };
}

/** A call, an admission, or several admissions in one batch. */
function makeRequests(random: Random, policies: readonly [string, ...string[]]): Request[] {
  if (random.isLucky(CALL_SHARE)) return [makeRequest(random, policies, 'call')];
  const count = random.isLucky(BATCH_SHARE) ? random.between(2, LARGEST_BATCH) : 1;
  return Array.from({ length: count }, () => makeRequest(random, policies, 'admit'));
}

function makeRequest(
  random: Random,
  policies: readonly [string, ...string[]],
  op: 'call' | 'admit',
): Request {
  const policy = random.pick(policies);
  return {
    op,
    policy,
    subject: random.pick(SUBJECTS),
    service: random.pick(SERVICES),
    id: makeId(random),
    // Connections are counted by admissions, at any cost.
    cost: policy !== 'login' && random.isLucky(DOUBLE_COST_SHARE) ? 2 : 1,
  };
}

/** A UUID of version 4 that follows from the seed. */
function makeId(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.between(0, 15).toString(16));
  hex[12] = '4';
  hex[16] = '8';
  const text = hex.join('');
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join(
    '-',
  );
}
