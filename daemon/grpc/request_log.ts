import type { Logger } from 'pino';
import { PermissionDenied, TooManyStreams, Unauthenticated } from '../access/errors';
import type { Admission, Decision } from '../quota/admission';
import { TooManyErasures, UnknownErasure } from '../quota/erasing';
import {
  DeadlinePassed,
  InvalidRequest,
  StoreUnavailable,
  UnknownLimit,
  UnknownPolicy,
  UnknownService,
} from '../quota/errors';
import { createSampler } from '../telemetry/sampler';
import type { SubjectHash } from '../telemetry/subject_hash';
import { Overloaded } from './guards/load_limit';
import { statusOf } from './status';

/** What is logged of requests: a few lines of each kind a second, however many there are; metrics count them all. */
export interface RequestLog {
  denied(admission: Admission, decision: Decision, callId: () => string): void;
  /** A request, or one of a batch, that got no answer but an error. */
  failed(failure: Failure): void;
  /** What an operator changed: always logged. */
  changed(
    by: string,
    change: { change: string; subject: string; callId: string } & Record<string, unknown>,
  ): void;
}

interface Failure {
  readonly method: string;
  readonly error: unknown;
  readonly callId: string;
  /** Who called, if it is known to matter. */
  readonly caller?: Readonly<Record<string, string | undefined>>;
}

/** So many lines of one kind show a pattern; more hide it. */
const LINES_PER_S = 10;

export function createRequestLog({
  logger,
  hashOf,
  nowMs,
}: {
  logger: Logger;
  hashOf: SubjectHash;
  nowMs?: () => number;
}): RequestLog {
  const denials = createSampler({ perSecond: LINES_PER_S, nowMs });
  const failures = createSampler({ perSecond: LINES_PER_S, nowMs });

  return {
    denied({ subject, policy, cost, requestId }, { retryDelayUs }, callId) {
      const notShown = denials.show(policy);
      if (notShown === undefined) return;
      const retryDelayMs = retryDelayUs === undefined ? undefined : Math.ceil(retryDelayUs / 1000);
      const subjectHash = hashOf(subject);
      const shown = { callId: callId(), subjectHash, policy, cost, requestId, retryDelayMs };
      logger.info({ ...shown, ...counted(notShown) }, 'denied');
    },

    failed({ method, error, callId, caller }) {
      const notShown = failures.show(error instanceof Error ? error.name : 'unknown');
      if (notShown === undefined) return;
      const reason = statusOf(error, method).message;
      const why = error instanceof Unauthenticated ? error.why : undefined;
      const told = { callId, method, ...caller, why, ...counted(notShown) };
      // A caller's fault and an outage are logged in one line; only a fault of ours needs its stack.
      if (error instanceof StoreUnavailable)
        logger.warn({ ...told, reason, cause: String(error.cause) }, 'request failed');
      else if (isCallersFault(error)) logger.info({ ...told, reason }, 'request refused');
      else logger.error({ ...told, err: error }, 'request failed');
    },

    changed(by, { subject, ...change }) {
      logger.info({ by, ...change, subjectHash: hashOf(subject) }, 'administrative change');
    },
  };
}

function counted(notShown: number): { notShown?: number } {
  return notShown === 0 ? {} : { notShown };
}

/** What is no fault of ours, and no outage. */
const CALLERS_FAULTS = [
  DeadlinePassed,
  Overloaded,
  InvalidRequest,
  UnknownPolicy,
  UnknownLimit,
  UnknownService,
  PermissionDenied,
  TooManyStreams,
  Unauthenticated,
  UnknownErasure,
  TooManyErasures,
];

function isCallersFault(error: unknown): boolean {
  return CALLERS_FAULTS.some((fault) => error instanceof fault);
}
