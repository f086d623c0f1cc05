import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from '../../bench';
import type { OpenOrder, OpenResult } from '../../load/orders';
import { cpuUsOf } from '../../processes/cpu';
import type { BenchDaemon } from '../../processes/daemon';
import type { BenchRedis } from '../../processes/redis';
import type { Caller } from '../calls';
import type { Generator } from '../generator';
import type { Stage } from '../stage';

/** A Cluster and the daemons on it, which are stopped while nothing is measured here. */
export interface ClusterPlace {
  readonly masters: readonly BenchRedis[];
  readonly daemons: readonly PlacedDaemon[];
  /** Lets the daemons go on during the work. */
  awake<T>(work: () => Promise<T>): Promise<T>;
}

export interface PlacedDaemon extends BenchDaemon {
  readonly caller: Caller;
}

export interface ClusterWish {
  readonly name: string;
  readonly masters: number;
  readonly daemons: number;
  /** As many as a Cluster has by default unless given. */
  readonly partitions?: number;
}

export async function startClusterPlace(stage: Stage, wish: ClusterWish): Promise<ClusterPlace> {
  const { name, partitions } = wish;
  const { url, masters } = await stage.cluster(name, wish.masters);
  const env = {
    // Or a busy machine would spoil a round.
    QUOTA_SHEDDING: 'off',
    ...(partitions === undefined ? {} : { QUOTA_PARTITIONS: String(partitions) }),
  };
  const daemons: PlacedDaemon[] = [];
  for (let number = 1; number <= wish.daemons; number += 1) {
    const daemon = await stage.daemon({ name: `${name}_${number}`, redis: { url }, env });
    daemons.push({ ...daemon, caller: stage.caller(daemon.target) });
  }
  let thaws = daemons.map((daemon) => daemon.freeze());
  return {
    masters,
    daemons,
    async awake(work) {
      for (const thaw of thaws) thaw();
      for (const { caller } of daemons) await untilDecidedByStore(caller);
      try {
        return await work();
      } finally {
        thaws = daemons.map((daemon) => daemon.freeze());
      }
    },
  };
}

/** Enough to be spread over all masters. */
const TRIED_SUBJECTS = 32;

/** After a start or a stop a daemon opens its partitions one after the other; a busy machine takes its time. */
const AWAKE_BOUND_MS = 120_000;
const AWAKE_STEP_MS = 100;

/** Until then the policy decides without the store, or not at all. */
async function untilDecidedByStore(caller: Caller): Promise<void> {
  const endMs = performance.now() + AWAKE_BOUND_MS;
  for (let number = 1; number <= TRIED_SUBJECTS; number += 1)
    while (!(await isDecidedByStore(caller, `awake-${number}`))) {
      if (performance.now() > endMs) throw new Error('a daemon goes on deciding without the store');
      await pause(AWAKE_STEP_MS);
    }
}

async function isDecidedByStore(caller: Caller, subject: string): Promise<boolean> {
  const answer = await caller
    .admit({ subject, policy: 'connection', requestId: randomUUID() })
    .catch(() => undefined);
  return answer !== undefined && !answer.degraded;
}

/** What the processes of a place have used up to now. */
export interface Usage {
  readonly daemonUs: readonly number[];
  readonly masterUs: readonly number[];
  /** Keys that each master has made: one for each subject. */
  readonly keys: readonly number[];
  readonly joinedCalls: number;
  readonly joinedAdmissions: number;
  readonly cachedDenials: number;
  /** What the masters have received and sent. */
  readonly storeBytes: { readonly received: number; readonly sent: number };
}

const USED = [
  'quota_joined_admissions_count',
  'quota_joined_admissions_sum',
  'quota_cached_denials_total',
] as const;

export async function usageOf({ daemons, masters }: ClusterPlace): Promise<Usage> {
  const total = async (field: string) => sum(await Promise.all(masters.map(({ info }) => info(field))));
  const scraped = await Promise.all(daemons.map(({ metrics }) => metrics(...USED)));
  const metric = (name: (typeof USED)[number]) => sum(scraped.map((metrics) => metrics[name]));
  return {
    joinedCalls: metric('quota_joined_admissions_count'),
    joinedAdmissions: metric('quota_joined_admissions_sum'),
    cachedDenials: metric('quota_cached_denials_total'),
    storeBytes: {
      received: await total('total_net_input_bytes'),
      sent: await total('total_net_output_bytes'),
    },
    keys: await Promise.all(
      masters.map(async ({ client, info }) => (await client.dbsize()) + (await info('expired_keys'))),
    ),
    masterUs: await Promise.all(masters.map(({ cpuUs }) => cpuUs())),
    daemonUs: daemons.map(({ pid }) => cpuUsOf(pid)),
  };
}

/** Sends the same load to each daemon at once, each from its own process. */
export function loadEach(
  generators: readonly Generator[],
  { daemons }: ClusterPlace,
  orderOf: (daemon: number) => Omit<OpenOrder, 'kind' | 'target'>,
): Promise<OpenResult[]> {
  return Promise.all(
    daemons.map(({ target }, index) => {
      const generator = generators[index];
      if (generator === undefined) throw new Error(`there is no generator for daemon ${index + 1}`);
      return generator.open({ target, ...orderOf(index) });
    }),
  );
}

/** As many as a place has daemons at most. */
export function startGenerators(stage: Stage, count: number): Generator[] {
  return Array.from({ length: count }, () => stage.generator());
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The cost of a decision does not depend on how long its caller waits, and a busy machine takes its time. */
export const PATIENT_MS = 10_000;

/** How long calls come at a constant rate: processor time is counted in hundredths of a second. */
const OPEN_MS = 3_000;
const QUICK_OPEN_MS = 500;

export function openMsOf({ isQuick }: Bench): number {
  return isQuick ? QUICK_OPEN_MS : OPEN_MS;
}
