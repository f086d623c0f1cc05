import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../../quota/errors';
import { translateFailure } from '../failures';
import { rewrittenKey } from '../keys';
import { callFunction } from '../library';
import { pack, unpack } from '../packing';
import { type Begun, type ErasureParts, performStep } from './perform';
import type { RunningErasure } from './record';
import { LeaseLost } from './rewriting';
import { stepsOf } from './steps';

/** How often a daemon looks for erasures that nobody works on. */
const IDLE_MS = 1_000;

/** Ended erasures are remembered for a week, up to a maximum per partition. */
const FORGET_US = 7 * 24 * 3_600_000_000;
const MOST_ENDED = 1_000;

export interface EraserOptions extends ErasureParts {
  /** The partitions in which erasures may be running. */
  readonly attended: () => readonly number[];
  readonly isOpen: () => boolean;
  readonly logger: Logger;
}

/** Works through running erasures in the background, one after the other; only one daemon does so at a time. */
export interface Eraser {
  start(): void;
  /** Looks for work at once. */
  wake(): void;
  /** Stops after the current call; another daemon continues from there. */
  stop(): Promise<void>;
}

export function createEraser(options: EraserOptions): Eraser {
  const { attended, isOpen, logger } = options;
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let wake: () => void = () => undefined;

  async function look(): Promise<void> {
    if (!isOpen()) return;
    for (const partition of attended()) if (!stopping.signal.aborted) await workOn(partition).catch(report);
  }

  async function workOn(partition: number): Promise<void> {
    const begun = await nextOf(options, partition);
    if (begun !== undefined) await perform(options, begun, stopping.signal);
  }

  /** Logs the failure and goes on: other partitions may answer. */
  function report(error: unknown): void {
    const isExpected = error instanceof StoreUnavailable || error instanceof LeaseLost;
    if (!isExpected && !stopping.signal.aborted) logger.error({ err: error }, 'an erasure has failed');
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await look();
      const idle = pause(IDLE_MS, undefined, { signal: stopping.signal, ref: false });
      await Promise.race([woken, idle.catch(() => undefined)]);
    }
  }

  return {
    start() {
      running ??= run();
    },
    wake: () => wake(),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** The oldest running erasure of a partition, if there is one and this daemon gets the lease. */
async function nextOf(options: EraserOptions, partition: number) {
  const { redis, keys } = options;
  const { running } = keys.erasures(partition);
  const count = await redis.hlen(running).catch(fail);
  if (count === 0) return undefined;
  if (!(await takeLeases(options, partition))) return undefined;
  const records = await redis.hgetallBuffer(running).catch(fail);
  const all = Object.entries(records).map(([id, record]) => ({
    id,
    record: unpack(record) as RunningErasure,
  }));
  return all.sort((a, b) => a.record.begun_us - b.record.begun_us)[0];
}

/** Takes or renews the lease of a partition in both databases; false if another daemon holds one. */
async function takeLeases(
  { redis, calls, keys, callsKeys, daemonId, leaseMs }: EraserOptions,
  partition: number,
): Promise<boolean> {
  for (const [database, { lease }] of [
    [redis, keys.erasures(partition)],
    [calls, callsKeys.erasures(partition)],
  ] as const) {
    const isMine = await callFunction(database, 'lease_erasures', {
      keys: [lease],
      args: [daemonId, leaseMs],
    });
    if (isMine !== 1) return false;
  }
  return true;
}

async function perform(options: EraserOptions, begun: Begun, signal: AbortSignal): Promise<void> {
  const { logger } = options;
  const { id, record } = begun;
  const { subject_hash: subjectHash } = record;
  await dropCopies(options, begun);
  const steps = stepsOf(record.policies);
  // Starting was the first step.
  for (let done = record.steps_done; done < record.steps_total; done += 1) {
    const step = steps[done - 1];
    if (step !== undefined) await performStep(options, begun, { step, signal });
    if (!(await note(options, begun, done + 1))) return;
  }
  logger.info({ erasureId: id, subjectHash }, 'a subject was erased');
}

/** Drops leftover copies: they were made for another erasure, or up to another entry. */
async function dropCopies(
  { redis, calls, keys, callsKeys }: EraserOptions,
  { record }: Begun,
): Promise<void> {
  const partition = keys.partitionOf(record.subject);
  const logs = record.policies.flatMap((policy) => [
    keys.admissions(partition, policy),
    keys.denials(partition, policy),
  ]);
  await Promise.all([
    logs.length > 0 ? redis.unlink(...logs.map(rewrittenKey)) : 0,
    calls.unlink(rewrittenKey(callsKeys.calls(partition).log)),
  ]).catch(fail);
}

/** Saves the progress and renews the leases; false if the erasure was started again since. */
async function note(options: EraserOptions, { id, record }: Begun, stepsDone: number): Promise<boolean> {
  const { redis, keys } = options;
  const partition = keys.partitionOf(record.subject);
  const { running, ended } = keys.erasures(partition);
  await takeLeases(options, partition);
  const request = {
    id,
    begun_us: record.begun_us,
    steps_done: stepsDone,
    forget_us: FORGET_US,
    most_ended: MOST_ENDED,
  };
  const keysOfCall = [running, ended, keys.usage(partition).state];
  return (await callFunction(redis, 'note_erasure', { keys: keysOfCall, args: [pack(request)] })) === 1;
}

function fail(error: unknown): never {
  throw translateFailure(error);
}
