import cluster from 'node:cluster';
import type { Logger } from 'pino';
import { RateLimitServiceService } from '../gen/envoy/service/ratelimit/v3/rls';
import { QuotaAdminServiceService } from '../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../gen/quota/v1/quota_service';
import { createIsProxy, type IsProxy } from './access/proxies';
import type { Backend } from './backend/backend';
import { createMemoryBackend } from './backend/memory_backend';
import { createRedisBackend } from './backend/redis_backend';
import type { Config } from './config';
import { createRequestLog, type RequestLog } from './grpc/request_log';
import { openPoliciesFile, type PoliciesFile } from './policies_file';
import { digestOf } from './quota/policies_digest';
import { openRecording, type Recording } from './recording/recording';
import { openSecureListener, type SecureListener } from './secure_listener';
import { type AuditTrail, openAuditTrail } from './telemetry/audit_trail';
import { serveHttp } from './telemetry/http';
import type { Log } from './telemetry/logger';
import { createSubjectHash, newLogSecret, type SubjectHash } from './telemetry/subject_hash';
import { openTelemetry, type Telemetry } from './telemetry/telemetry';
import { answerPrimary } from './workers/asking';
import { receivePolicies } from './workers/shared_policies';

/** What a daemon reads, connects to and shows before it decides anything. */
export interface Foundation {
  readonly hashOf: SubjectHash;
  readonly log: RequestLog;
  readonly policies: Pick<PoliciesFile, 'current' | 'stop'>;
  readonly fileTrail: AuditTrail;
  /** Undefined if nothing is recorded. */
  readonly recording: Recording | undefined;
  /** Recognizes peers that speak for many callers. */
  readonly isProxy: IsProxy;
  readonly listener: SecureListener;
  readonly backend: Backend;
  readonly telemetry: Telemetry;
  /** Calls this, from now on, when other policies have come into force. */
  onPoliciesChanged(listen: () => void): void;
}

export interface DaemonOptions {
  readonly config: Config;
  readonly output: Log;
  /** Ends the process, as the daemon can never serve. */
  readonly fail: (error: unknown) => never;
}

/** Reads all files before anything is opened. Throws `ConfigInvalid`, `AuditTrailUnusable`, `RecordingUnusable` or `ListenFailed`. */
export async function openFoundation(options: DaemonOptions): Promise<Foundation> {
  const { config, output } = options;
  const { logger } = output;
  const hashOf = openSubjectHash(config, logger);
  const log = createRequestLog({ logger, hashOf });
  let policiesChanged: () => void = () => undefined;
  const policies = cluster.isWorker
    ? await receivePolicies({ logger, onReload: () => policiesChanged() })
    : openPoliciesFile({
        file: config.policiesFile,
        logger,
        onReload(isTaken) {
          telemetry.metrics.policiesReloaded(isTaken);
          if (isTaken) policiesChanged();
        },
      });
  const fileTrail = openAuditTrail({ file: config.auditFile, logger });
  const { recordFolder } = config;
  const recording = recordFolder ? openRecording({ folder: recordFolder, logger }) : undefined;
  const isProxy = createIsProxy(config.proxies.peers);
  const listener = openSecureListener({
    settings: config.access,
    isProxy,
    onStreamRefused: () => telemetry.metrics.refused('streams'),
    log,
    logger,
  });
  const backend = createBackend(options, { policies, hashOf });
  const telemetry = await openDaemonTelemetry(options, { policies, listener, backend });
  return {
    ...{ hashOf, log, policies, fileTrail, recording, isProxy, listener, backend, telemetry },
    onPoliciesChanged(listen) {
      policiesChanged = listen;
    },
  };
}

function openSubjectHash({ logSecret }: Config, logger: Logger): SubjectHash {
  if (logSecret === undefined)
    logger.warn(
      'QUOTA_LOG_SECRET is not set: each start hashes subjects differently, so the hashes of this log cannot be looked up',
    );
  return createSubjectHash(logSecret ?? newLogSecret());
}

function createBackend(
  { config, output: { logger }, fail }: DaemonOptions,
  { policies, hashOf }: Pick<Foundation, 'policies' | 'hashOf'>,
): Backend {
  if (config.isInMemory) return createMemoryBackend({ hashOf, logger });
  return createRedisBackend({ config, currentPolicies: policies.current, hashOf, fail, logger });
}

/** A worker has no pages of its own: its primary asks for what they show. */
function openDaemonTelemetry(
  { config, output }: DaemonOptions,
  { policies, listener, backend }: Pick<Foundation, 'policies' | 'listener' | 'backend'>,
): Promise<Telemetry> {
  return openTelemetry({
    serve: cluster.isWorker ? answerPrimary : (pages) => serveHttp({ listen: config.httpListen, ...pages }),
    redis: backend.connections,
    isUsable: backend.isUsable,
    policyNames: () => policies.current().byName.keys(),
    policiesDigest: () => digestOf(policies.current()),
    droppedLogLines: output.droppedCount,
    methodNames: [QuotaServiceService, RateLimitServiceService, QuotaAdminServiceService].flatMap((service) =>
      Object.values(service).map(({ path }) => path.slice(1)),
    ),
    certificateEnds: listener.certificateEnds,
    storeFindings: backend.storeFindings,
  });
}
