import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type AuditResult, audit } from '../../../scripts/audit/audit';
import { readRecord } from '../../../scripts/audit/read_record';
import { createRandom } from '../../../scripts/demo/random';
import { accessFile } from '../../helpers/access';
import { type FaultyProxy, type NetworkFault, startFaultyProxy } from '../../helpers/faulty_proxy';
import { type ChaosClient, startClient } from './client';
import { openPost, type Post } from './fleet';
import { openNotebook } from './notebook';
import { type ChaosOperator, startOperator } from './operator';
import { type Fault, type FaultKind, type Plan, type PlannedFault, planOf } from './plan';
import { IDENTITIES, PLAIN_POLICIES, POLICY_NAMES } from './policies';
import { settle } from './settle';
import { watchStalls } from './stalls';
import { type FaultyStore, startFaultyStore } from './store';

export interface StageOptions {
  readonly seed: number;
  /** For how long faults are made. */
  readonly lastsMs: number;
  readonly appendfsync: 'always' | 'everysec';
  /** The folder in which daemons, clients and this program record what happened; empty. */
  readonly folder: string;
}

export interface StageResult {
  /** How often each fault was made. */
  readonly injected: ReadonlyMap<Fault, number>;
  readonly changeCount: number;
  /** Whether policies that wait for the disk were asked too: the store must be able to. */
  readonly waitsForDisk: boolean;
  readonly result: AuditResult;
}

/** The clocks are of one machine; what is written late is late because the machine is busy. */
const TOLERANCE_US = 50_000;

const CLIENTS = 8;

/** How many processes each daemon has. */
const WORKERS = [1, 1, 2] as const;

/** Seeds of what is random apart from each other. */
const STREAMS = { proxy: 1, operator: 2, clients: 10 };

interface Stage {
  readonly store: FaultyStore;
  readonly proxy: FaultyProxy;
  readonly posts: readonly [Post, ...Post[]];
  readonly injected: Map<Fault, number>;
}

/** A store, three daemons, clients and an operator, and all faults of the plan; then the audit of what they wrote. */
export async function runStage({ seed, lastsMs, appendfsync, folder }: StageOptions): Promise<StageResult> {
  const random = (stream: number) => createRandom(seed * 1_000 + stream);
  const store = await startFaultyStore({ appendfsync, facts: openNotebook(folder, 'faults') });
  const proxy = await startFaultyProxy(store.port, random(STREAMS.proxy));
  const redisUrl = `redis://127.0.0.1:${proxy.port}/0`;
  const accessPath = join(folder, 'access.yaml');
  writeFileSync(accessPath, accessFile(IDENTITIES));
  const opened = WORKERS.map((workers) => openPost({ redisUrl, recordFolder: folder, accessPath, workers }));
  const posts = (await Promise.all(opened)) as [Post, ...Post[]];
  const policies = store.waitsForDisk ? POLICY_NAMES : PLAIN_POLICIES;
  const stalls = watchStalls();
  const stage = { store, proxy, posts, injected: new Map<Fault, number>() };
  try {
    const clients = Array.from({ length: CLIENTS }, (_, at) =>
      startClient({
        random: random(STREAMS.clients + at),
        posts,
        notes: openNotebook(folder, `client-${at}`),
        stalls,
        policies,
      }),
    );
    const operator = startOperator({
      random: random(STREAMS.operator),
      posts,
      notes: openNotebook(folder, 'operator'),
    });
    await suffer(stage, planOf(seed, lastsMs));
    await finish(stage, clients, operator);
    return {
      injected: stage.injected,
      changeCount: operator.changeCount,
      waitsForDisk: store.waitsForDisk,
      result: audit(readRecord(folder), { toleranceUs: TOLERANCE_US, lagUs: 0 }),
    };
  } finally {
    stalls.stop();
    await Promise.all(posts.map((post) => post.stop()));
    await proxy.close();
    await store.close();
  }
}

/** Makes the faults of each kind one after the other, and those of different kinds at the same time. */
async function suffer(stage: Stage, plan: Plan): Promise<void> {
  const kinds = Object.entries(plan) as [FaultKind, readonly PlannedFault[]][];
  await Promise.all(
    kinds.map(async ([kind, planned]) => {
      for (const each of planned) {
        await pause(each.pauseMs);
        if (await make(stage, kind, each))
          stage.injected.set(each.fault, (stage.injected.get(each.fault) ?? 0) + 1);
      }
    }),
  );
}

/** Makes a fault, and resolves once it is over; false if it cannot be made here. */
async function make(
  { store, proxy, posts }: Stage,
  kind: FaultKind,
  planned: PlannedFault,
): Promise<boolean> {
  const { lastsMs, which } = planned;
  if (kind === 'store') return store.suffer(planned);
  if (kind === 'network') {
    proxy.set(planned.fault as NetworkFault);
    await pause(lastsMs);
    proxy.set(undefined);
    return true;
  }
  if (kind === 'policies') {
    for (const post of posts) {
      post.writePolicies(which);
      await pause(lastsMs);
    }
    return true;
  }
  return sufferDaemon(posts, planned);
}

async function sufferDaemon(
  posts: Stage['posts'],
  { fault, lastsMs, which }: PlannedFault,
): Promise<boolean> {
  const post = posts[which % posts.length] ?? posts[0];
  if (fault === 'worker killed') return posts.some((each) => each.killWorker(which));
  if (fault === 'daemon killed') await post.kill(lastsMs);
  else if (fault === 'daemon stopped') await post.freeze(lastsMs);
  else await post.drain(lastsMs);
  return true;
}

/** Lets everybody end, and the last read the statistics once they show everything. */
async function finish(
  { posts }: Stage,
  clients: readonly ChaosClient[],
  operator: ChaosOperator,
): Promise<void> {
  await Promise.all([...clients.map((client) => client.finish()), operator.finish()]);
  await settle(posts);
  await posts[0].daemon.client.stats({ topCount: 100, leastCount: 100 });
  await Promise.all(posts.map(({ daemon }) => daemon.stop()));
}
