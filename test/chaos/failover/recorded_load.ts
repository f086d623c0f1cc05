import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdmitResponse, Decision } from '../../../gen/quota/v1/quota_service';
import { type AuditResult, audit } from '../../../scripts/audit/audit';
import { readRecord } from '../../../scripts/audit/read_record';
import { createAdminClient } from '../../helpers/admin_client';
import type { TestDaemon } from '../../helpers/daemon';
import { watchHealth } from '../../helpers/health';
import { LOOPBACK, type Machine } from '../../helpers/machine';
import type { Opened } from '../../helpers/opened';
import { until, within } from '../../helpers/wait';
import { startLoad } from '../load';
import type { Store } from './stores';

const SUBJECTS = Array.from({ length: 200 }, (_, at) => `user-${at}`);

/** More than the load takes of any subject. */
const LIMIT = 1_000;

/** Far more than is decided before the fault is over. */
const MOST = 1_000_000;

const POLICIES = `
policies:
  connection:
    on_store_failure: deny
    limits:
      - { name: per-window, algorithm: sliding-window, limit: ${LIMIT}, window: 1h }
`;

/** The clocks are of one machine; what is written late is late because the machine is busy. */
const TOLERANCE_MS = 50;

/** From when to when a master admitted what its successor may not have received, by performance.now(). */
export interface Exposure {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** An answered request. */
export interface Answered {
  readonly requestId: string;
  readonly subject: string;
  readonly by: TestDaemon;
  /** When the try that was answered began, by performance.now(). */
  readonly sentMs: number;
  readonly atMs: number;
}

/** Whether the store may have decided it while its decisions were exposed. */
export const isExposed = ({ sentMs, atMs }: Answered, { fromMs, untilMs }: Exposure): boolean =>
  atMs >= fromMs && sentMs <= untilMs;

/** Two daemons of one store that record what they do, under a load of callers that ask one as often as the other. */
export interface RecordedLoad {
  readonly answers: readonly Answered[];
  /** The statuses of the tries that failed. */
  readonly failures: readonly number[];
  /** Waits until this many more were answered. */
  goOn(count: number): Promise<void>;
  /** Ends the load; how many answered requests of each subject the store does not count, if any. */
  lost(): Promise<ReadonlyMap<string, number>>;
  /** Asks once more for what was answered; how many tries had no answer. */
  askAgain(answered: readonly Answered[]): Promise<number>;
  /** The audit of both daemons' records, which is given the failover if the exposure is. */
  audited(exposure?: Exposure): AuditResult;
  /** The same audit, which knows the failover only from what the daemons noticed, and since when a loss was possible. */
  auditedByNotice(sinceMs: number): Promise<AuditResult>;
}

export interface RecordedLoadOptions {
  readonly opened: Opened;
  readonly store: Store;
  /** Where the daemons run; the second one is asked about losses. */
  readonly machines?: readonly [Machine, Machine];
}

export interface TwoDaemons {
  readonly load: RecordedLoad;
  readonly near: TestDaemon;
  readonly far: TestDaemon;
}

export async function startRecordedLoad({
  opened,
  store,
  machines = [LOOPBACK, LOOPBACK],
}: RecordedLoadOptions): Promise<TwoDaemons> {
  const recordFolder = opened.closed(mkdtempSync(join(tmpdir(), 'quota-failover-')), (folder) =>
    rmSync(folder, { recursive: true, force: true }),
  );
  const startDaemon = async (machine: Machine) => {
    const env = { ...store.env, QUOTA_SHEDDING: 'off', QUOTA_RECORD_FOLDER: recordFolder };
    const daemon = await opened.daemon({ redisUrl: store.url, policies: POLICIES, env, machine });
    const health = opened.closed(watchHealth(daemon.target), (watch) => watch.close());
    await health.reached('SERVING');
    return daemon;
  };
  const near = await startDaemon(machines[0]);
  const far = await startDaemon(machines[1]);

  const answers: Answered[] = [];
  let turn = 0;
  const load = opened.closed(
    startLoad({
      count: MOST,
      client: () => (turn++ % 2 === 0 ? near.client : far.client),
      async ask(client, requestId): Promise<AdmitResponse> {
        const subject = SUBJECTS[Number.parseInt(requestId.slice(0, 4), 16) % SUBJECTS.length] ?? '';
        const sentMs = performance.now();
        const answer = await client.admit({ subject, policy: 'connection', requestId });
        if (answer.decision !== Decision.ADMITTED || answer.degraded)
          throw new Error(`${subject} was not admitted by the store`);
        const by = client === near.client ? near : far;
        answers.push({ requestId, subject, by, sentMs, atMs: performance.now() });
        return answer;
      },
    }),
    (each) => each.stop(),
  );
  const admin = opened.closed(createAdminClient(far.target), (each) => each.close());

  return {
    near,
    far,
    load: {
      answers,
      failures: load.failures,
      goOn: (count) => load.answered(load.answers.length + count),
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
      async askAgain(answered) {
        let failures = 0;
        for (const { subject, requestId } of answered) {
          const request = { subject, policy: 'connection', requestId };
          failures += await failuresBeforeAnswer(() => far.client.admit(request));
        }
        return failures;
      },
      ...createAudits(recordFolder),
    },
  };
}

function createAudits(recordFolder: string): Pick<RecordedLoad, 'audited' | 'auditedByNotice'> {
  const settings = { toleranceUs: TOLERANCE_MS * 1000, lagUs: 0 };
  return {
    audited(exposure) {
      if (exposure === undefined) return audit(readRecord(recordFolder), settings);
      const fromMs = performance.timeOrigin + exposure.fromMs - TOLERANCE_MS;
      const boundMs = exposure.untilMs - exposure.fromMs + 2 * TOLERANCE_MS;
      const failover = {
        fact: 'failover',
        fromUs: fromMs * 1000,
        boundUs: boundMs * 1000,
        replicas: 1,
      } as const;
      return audit(readRecord(recordFolder), { ...settings, failovers: [failover] });
    },
    async auditedByNotice(sinceMs) {
      // On a Cluster a daemon is sure of a failover some seconds after it noticed.
      await until('each daemon has recorded the failover', () =>
        readdirSync(recordFolder).every((file) =>
          readFileSync(join(recordFolder, file), 'utf8').includes('"master_replaced"'),
        ),
      );
      const noticedWithinUs = (performance.now() - sinceMs + TOLERANCE_MS) * 1000;
      return audit(readRecord(recordFolder), { ...settings, noticedWithinUs });
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
