import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceError, status } from '@grpc/grpc-js';
import type { Random } from '../../../scripts/demo/random';
import { type AdminClient, createAdminClient } from '../../helpers/admin_client';
import type { Post } from './fleet';
import type { Notebook } from './notebook';
import { OPERATED, POLICY_NAMES, TOKENS } from './policies';

/**
 * Sets and clears overrides, raises limits as a site does, resets quotas, and erases: each for a subject that it alone concerns
 * itself with.
 */
export interface ChaosOperator {
  /** Asks for nothing new, and resolves once the last erasure has ended. */
  finish(): Promise<void>;
  /** How many changes were answered. */
  readonly changeCount: number;
}

/** The enforced limits of each policy that may be overridden, and raised. */
const LIMITS: Record<(typeof POLICY_NAMES)[number], string> = {
  login: 'burst',
  strict: 'only',
  filling: 'only',
  mixed: 'window',
  open: 'only',
  kept: 'only',
};

/** Each fault holds an erasure up, and a busy machine makes all of them longer. */
const ERASURE_BOUND_MS = 5 * 60_000;
const LOOK_MS = 100;

const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1_000);

export interface OperatorOptions {
  readonly random: Random;
  readonly posts: readonly [Post, ...Post[]];
  readonly notes: Notebook;
}

export function startOperator({ random, posts, notes }: OperatorOptions): ChaosOperator {
  let isFinishing = false;
  let changeCount = 0;

  /** What a daemon answers, whichever; undefined if it or the store is gone. */
  async function ask<T>(token: string, call: (admin: AdminClient) => Promise<T>): Promise<T | undefined> {
    const admin = createAdminClient(random.pick(posts).daemon.target, { token });
    try {
      return await call(admin);
    } catch {
      // An operator would try again, and the next change is one.
      return undefined;
    } finally {
      admin.close();
    }
  }

  async function change(): Promise<void> {
    const policy = random.pick(POLICY_NAMES);
    const target = { subject: OPERATED.overridden, policy, limitName: LIMITS[policy] };
    const limit = random.between(0, 9);
    const raised = { ...target, limit: random.between(6, 9), duration: { seconds: 60, nanos: 0 } };
    const [operator, site] = [TOKENS.operator, TOKENS.site];
    const changes: [() => Promise<unknown>, ...(() => Promise<unknown>)[]] = [
      () => ask(site, (admin) => admin.resetQuota(OPERATED.reset, policy)),
      () => ask(operator, (admin) => admin.setOverride({ ...target, limit })),
      () => ask(operator, (admin) => admin.setOverride({ ...target, limit, expireTime: inSeconds(2) })),
      () => ask(operator, (admin) => admin.clearOverride(target)),
      () => ask(site, (admin) => admin.raiseLimit(raised)),
    ];
    if ((await random.pick(changes)()) !== undefined) changeCount += 1;
  }

  async function erase(): Promise<void> {
    const subject = OPERATED.erased;
    const begun = await ask(TOKENS.operator, (admin) => admin.eraseSubject(subject));
    if (begun === undefined) return;
    changeCount += 1;
    if (await hasEnded(begun.erasureId)) notes.write('fact', { fact: 'erasure_ended', subject });
  }

  /** Waits for the end of an erasure; false if the store has lost it. */
  async function hasEnded(erasureId: string): Promise<boolean> {
    const boundMs = performance.now() + ERASURE_BOUND_MS;
    while (performance.now() < boundMs) {
      await pause(LOOK_MS);
      const state = await ask(TOKENS.operator, async (admin) => {
        const erasure = await admin.getErasure(erasureId).catch(lostErasure);
        if (erasure === undefined) return 'lost';
        return erasure.endTime === undefined ? 'running' : 'ended';
      });
      if (state === 'lost' || state === 'ended') return state === 'ended';
    }
    throw new Error(`the erasure ${erasureId} does not end`);
  }

  async function repeat(work: () => Promise<void>, [least, most]: readonly [number, number]): Promise<void> {
    while (!isFinishing) {
      await work();
      await pause(random.between(least, most));
    }
  }

  const working = Promise.all([repeat(change, [200, 900]), repeat(erase, [1_000, 4_000])]);
  return {
    async finish() {
      isFinishing = true;
      await working;
    },
    get changeCount() {
      return changeCount;
    },
  };
}

/** With `everysec` the store may lose the record of an erasure, as any other write. */
function lostErasure(error: unknown): undefined {
  if ((error as ServiceError).code !== status.NOT_FOUND) throw error;
}
