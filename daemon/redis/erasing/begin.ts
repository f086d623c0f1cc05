import { randomUUID } from 'node:crypto';
import { type Erasure, TooManyErasures } from '../../quota/erasing';
import { StoreUnavailable } from '../../quota/errors';
import type { Policy } from '../../quota/policies';
import { translateFailure } from '../failures';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import { pack, unpack } from '../packing';
import { announceErasure } from './announcements';
import { toErasure } from './record';
import { stepCount } from './steps';

/** The most erasures running in one partition: each keeps its subject's name until it ends. */
const MOST_RUNNING = 100;

/** Another daemon may announce a policy or a window meanwhile, but not repeatedly. */
const MOST_TRIES = 5;

export interface BeginParts {
  readonly redis: Database;
  readonly keys: Keys;
  /** What a partition is claimed for. Throws `StoreUnavailable` unless the store is open. */
  readonly claimOf: (partition: number) => string;
  /** The policies in force here. */
  readonly policies: () => Iterable<Policy>;
}

interface Reply {
  readonly id?: string;
  readonly begun_us?: number;
  readonly again?: boolean;
  readonly is_full?: boolean;
}

/** Starts erasing a subject: its limits and counts are gone when this resolves. */
export async function beginErasure(
  parts: BeginParts,
  { subject, subjectHash }: { subject: string; subjectHash: string },
): Promise<Erasure> {
  const partition = parts.keys.partitionOf(subject);
  const newId = `${partition}.${randomUUID()}`;
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const known = await readKnown(parts, partition);
    const policies = [...known.limits.keys()];
    const request = {
      claim: parts.claimOf(partition),
      id: newId,
      subject,
      subject_hash: subjectHash,
      windows_ms: known.windowsMs,
      policies,
      limits: pairsOf(known).map(([policy, limit]) => `${policy}:${limit}`),
      steps: stepCount(policies),
      most: MOST_RUNNING,
    };
    await announceErasure(parts, partition);
    const call = { keys: keysOf(parts.keys, { partition, subject, known }), args: [pack(request)] };
    const reply = unpack((await callFunction(parts.redis, 'begin_erasure', call)) as Buffer) as Reply;
    if (reply.is_full) throw new TooManyErasures(MOST_RUNNING);
    const { id, begun_us } = reply;
    if (id === undefined || begun_us === undefined) continue;
    return toErasure(id, {
      subject_hash: subjectHash,
      begun_us,
      steps_done: 1,
      steps_total: request.steps,
    });
  }
  throw new StoreUnavailable({ cause: new Error('the policies change again and again') });
}

/** The places that may hold data of a subject. */
interface Known {
  readonly windowsMs: readonly number[];
  /** The names of each policy's limits. */
  readonly limits: ReadonlyMap<string, ReadonlySet<string>>;
}

/** The policies and windows of this daemon, and those that any daemon has announced. */
async function readKnown({ redis, keys, policies }: BeginParts, partition: number): Promise<Known> {
  const [control, fields] = await Promise.all([
    redis.hgetallBuffer(keys.control(partition)),
    redis.hkeys(keys.usage(partition).state),
  ]).catch((error: unknown) => {
    throw translateFailure(error);
  });
  const limits = new Map<string, Set<string>>();
  const add = (policy: string, names: readonly string[]) =>
    limits.set(policy, new Set([...(limits.get(policy) ?? []), ...names]));
  for (const { name, limits } of policies())
    add(
      name,
      limits.map((limit) => limit.name),
    );
  for (const [field, value] of Object.entries(control)) {
    const policy = /^shape:(.+)$/.exec(field)?.[1];
    // Of each limit: its name, its algorithm, its window.
    if (policy !== undefined)
      add(
        policy,
        (unpack(value) as string[]).filter((_, at) => at % 3 === 0),
      );
  }
  for (const field of fields) {
    const policy = /^(?:log|records|folded):(.+)$/.exec(field)?.[1];
    if (policy !== undefined) add(policy, []);
  }
  const windowsMs = fields.flatMap((field) => /^window:(\d+)$/.exec(field)?.[1] ?? []).map(Number);
  return { windowsMs, limits };
}

function pairsOf({ limits }: Known): [policy: string, limit: string][] {
  return [...limits].flatMap(([policy, names]) => [...names].map((name): [string, string] => [policy, name]));
}

function keysOf(
  keys: Keys,
  { partition, subject, known }: { partition: number; subject: string; known: Known },
): string[] {
  const { state, recent, newcomers, window, refunds } = keys.usage(partition);
  const policies = [...known.limits.keys()];
  const { running, erased } = keys.erasures(partition);
  return [
    ...[keys.control(partition), running, state, recent, newcomers, keys.overrides(partition), erased],
    ...known.windowsMs.map(window),
    ...policies.map((policy) => keys.admissions(partition, policy)),
    ...policies.map(refunds),
    ...policies.map((policy) => keys.taken(policy, subject)),
    ...pairsOf(known).flatMap(([policy, limit]) => [
      keys.bucket(policy, limit, subject),
      keys.shadow(policy, limit, subject),
    ]),
  ];
}
