import type { Logger } from 'pino';
import { PermissionDenied, TooManyStreams, Unauthenticated } from '../access/errors';
import type { Admission, Decision } from '../quota/admission';
import { TooManyErasures, UnknownErasure } from '../quota/erasing';
import {
  DeadlinePassed,
  InvalidRequest,
  RefundedRequest,
  StoreUnavailable,
  UnknownLimit,
  UnknownPolicy,
  UnknownRequest,
  UnknownService,
} from '../quota/errors';
import { LessensOverride } from '../quota/raises';
import { createSampler } from '../telemetry/sampler';
import type { SubjectHash } from '../telemetry/subject_hash';
import { Overloaded } from './guards/load_limit';
import { statusOf } from './status';

/** Logs requests: a few lines of each kind per second, however many there are; metrics count them all. */
export interface RequestLog {
  denied(admission: Admission, decision: Pick<Decision, 'retryDelayUs'>, callId: () => string): void;
  /** A request, or one of a batch, that failed. */
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
  /** The caller, if known and relevant. */
  readonly caller?: Readonly<Record<string, string | undefined>>;
}

/** This many lines of one kind show a pattern; more would hide it. */
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
      // A caller's fault and an outage are logged in one line; only our own fault needs a stack.
      if (error instanceof StoreUnavailable)
        logger.warn({ ...told, reason, cause: String(error.cause) }, 'request failed');
      else if (isCallersFault(error)) logger.info({ ...told, reason }, 'request rejected');
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

/** Errors that are neither our fault nor an outage. */
const CALLERS_FAULTS = [
  DeadlinePassed,
  Overloaded,
  InvalidRequest,
  LessensOverride,
  UnknownPolicy,
  UnknownLimit,
  UnknownService,
  UnknownRequest,
  RefundedRequest,
  PermissionDenied,
  TooManyStreams,
  Unauthenticated,
  UnknownErasure,
  TooManyErasures,
];

function isCallersFault(error: unknown): boolean {
  return CALLERS_FAULTS.some((fault) => error instanceof fault);
}
