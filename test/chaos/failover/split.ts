import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdmitResponse, Decision } from '../../../gen/quota/v1/quota_service';
import { type AuditResult, audit } from '../../../scripts/audit/audit';
import { readRecord } from '../../../scripts/audit/read_record';
import { createAdminClient } from '../../helpers/admin_client';
import type { TestDaemon } from '../../helpers/daemon';
import { watchHealth } from '../../helpers/health';
import type { Machine } from '../../helpers/machine';
import { createNetwork } from '../../helpers/network';
import type { Opened } from '../../helpers/opened';
import { until, within } from '../../helpers/wait';
import { startLoad } from '../load';
import type { StartStore, Store } from './stores';

const SUBJECTS = Array.from({ length: 200 }, (_, at) => `user-${at}`);

/** More than the load takes of any subject. */
const LIMIT = 1_000;

/** Far more than is decided before the split is over. */
const MOST = 1_000_000;

const POLICIES = `
policies:
  connection:
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

/** The clocks are of one machine; what is written late is late because the machine is busy. */
const TOLERANCE_US = 50_000;

/** What was answered just before the cut may not have left the master for its replicas. */
const LEAVING_MS = 1_000;

/** An answered request. */
interface Answered {
  readonly requestId: string;
  readonly subject: string;
  readonly by: TestDaemon;
  readonly atMs: number;
}

/** Two daemons of one store under load, one of which is to be cut off with a master. */
export interface Split {
  readonly store: Store;
  /** Waits until this many more were answered. */
  goOn(count: number): Promise<void>;
  cut(): void;
  heal(): void;
  /** When the cut began, by performance.now(). */
  cutMs(): number;
  /** What the cut-off daemon answered for the cut-off master since a moment of performance.now(). */
  nearSince(ms: number): readonly Answered[];
  /** Whether the master rejects writes by itself. */
  rejectsWrites(): Promise<boolean>;
  /** Waits until the former master has heard that it is a replica now. */
  demoted(): Promise<void>;
  /** The statuses of the tries that failed. */
  readonly failures: readonly number[];
  /** Ends the load; how many answered requests of each subject the store does not count, if any. */
  lost(): Promise<ReadonlyMap<string, number>>;
  /** Asks once more for all that the cut-off daemon had answered; how many tries had no answer. */
  askAgain(): Promise<number>;
  /** The audit of both daemons' records, which is given the failover if the bound is: how long the master may have gone on. */
  audited(boundMs?: number): AuditResult;
  /** The same audit, which knows the failover only from what the daemons noticed. */
  auditedByNotice(): Promise<AuditResult>;
}

export interface SplitOptions {
  readonly opened: Opened;
  readonly start: StartStore;
  readonly config: Readonly<Record<string, string>>;
}

export async function startSplit({ opened, start, config }: SplitOptions): Promise<Split> {
  const network = opened.closed(createNetwork(start.machineCount + 2), (each) => each.close());
  const [nearMachine, farMachine, ...machines] = network.machines as [Machine, Machine, ...Machine[]];
  const recordFolder = opened.closed(mkdtempSync(join(tmpdir(), 'quota-split-')), (folder) =>
    rmSync(folder, { recursive: true, force: true }),
  );
  const store = await start({ opened, machines, config });
  const startDaemon = async (machine: Machine) => {
    const env = { ...store.env, QUOTA_SHEDDING: 'off', QUOTA_RECORD_FOLDER: recordFolder };
    const daemon = await opened.daemon({ redisUrl: store.url, policies: POLICIES, env, machine });
    const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
    await health.reached('SERVING');
    return daemon;
  };
  const near = await startDaemon(nearMachine);
  const far = await startDaemon(farMachine);

  const answers: Answered[] = [];
  let turn = 0;
  const load = opened.closed(
    startLoad({
      count: MOST,
      client: () => (turn++ % 2 === 0 ? near.client : far.client),
      async ask(client, requestId): Promise<AdmitResponse> {
        const subject = SUBJECTS[Number.parseInt(requestId.slice(0, 4), 16) % SUBJECTS.length] ?? '';
        const answer = await client.admit({ subject, policy: 'connection', requestId });
        if (answer.decision !== Decision.ADMITTED || answer.degraded)
          throw new Error(`${subject} was not admitted by the store`);
        const by = client === near.client ? near : far;
        answers.push({ requestId, subject, by, atMs: performance.now() });
        return answer;
      },
    }),
    (each) => each.stop(),
  );

  const admin = opened.closed(createAdminClient(far.target), (each) => each.close());
  const minority = [store.masterMachine, nearMachine];
  const majority = network.machines.filter((each) => !minority.includes(each));
  let began = { atMs: 0, wallMs: 0 };
  const nearSince = (ms: number) =>
    answers.filter(({ by, atMs, subject }) => by === near && atMs >= ms && store.isOwned(subject));

  return {
    store,
    goOn: (count) => load.answered(load.answers.length + count),
    cut() {
      began = { atMs: performance.now(), wallMs: Date.now() };
      network.split(minority, majority);
    },
    heal: network.heal,
    cutMs: () => began.atMs,
    nearSince,
    rejectsWrites: () =>
      store.askMaster((redis) =>
        redis.setex(store.ownKey, 60, '1').then(
          () => false,
          ({ message }: Error) => /^(NOREPLICAS|CLUSTERDOWN)/.test(message),
        ),
      ),
    demoted: () =>
      until('the former master follows', async () =>
        (await store.askMaster((redis) => redis.info('replication'))).includes('role:slave'),
      ),
    failures: load.failures,
    async lost() {
      load.finish();
      await within('the last answers', load.done);
      const lost = new Map<string, number>();
      for (const subject of SUBJECTS) {
        const answered = answers.filter((each) => each.subject === subject).length;
        const { quotas } = await admin.getQuota(subject, 'connection');
        const counted = LIMIT - Number(quotas[0]?.limits[0]?.remaining);
        if (answered !== counted) lost.set(subject, answered - counted);
      }
      return lost;
    },
    async askAgain() {
      let failures = 0;
      for (const { subject, requestId } of nearSince(0)) {
        const request = { subject, policy: 'connection', requestId };
        failures += await failuresBeforeAnswer(() => far.client.admit(request));
      }
      return failures;
    },
    audited(boundMs) {
      const fromMs = began.wallMs - LEAVING_MS;
      const failover = {
        fact: 'failover',
        fromUs: fromMs * 1000,
        boundUs: ((boundMs ?? 0) + LEAVING_MS) * 1000,
        replicas: 1,
      } as const;
      const failovers = boundMs === undefined ? [] : [failover];
      return audit(readRecord(recordFolder), { toleranceUs: TOLERANCE_US, lagUs: 0, failovers });
    },
    async auditedByNotice() {
      // On a Cluster a daemon is sure of a failover some seconds after it noticed.
      await until('each daemon has recorded the failover', () =>
        readdirSync(recordFolder).every((file) =>
          readFileSync(join(recordFolder, file), 'utf8').includes('"master_replaced"'),
        ),
      );
      const noticedWithinUs = (performance.now() - began.atMs + LEAVING_MS) * 1000;
      return audit(readRecord(recordFolder), { toleranceUs: TOLERANCE_US, lagUs: 0, noticedWithinUs });
    },
  };
}

/** Asks until there is an answer, as a busy machine may miss the deadline of a call; how many tries had none. */
async function failuresBeforeAnswer(ask: () => Promise<unknown>): Promise<number> {
  let failures = 0;
  await until('an answer', () =>
    ask().then(
      () => true,
      () => {
        failures += 1;
        return false;
      },
    ),
  );
  return failures;
}
