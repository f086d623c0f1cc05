import type { Admission, Answer, LimitStatus } from '../quota/admission';
import type { Override, OverrideTarget } from '../quota/overrides';
import type { Policy } from '../quota/policies';
import type { BoundedRaise } from '../quota/raises';
import type { RefundRequest } from '../quota/refund';
import type { Patience } from '../quota/store';
import type { ServiceCall } from '../quota/usage';
import { wallUs } from './recorder';

const US_PER_MS = 1000;

/** A policy as it decides, so that a reader needs no policies file. */
export function policyFields(policy: Policy): object {
  return {
    policy: policy.name,
    rule: policy.onStoreFailure,
    rememberUs: policy.rememberMs * US_PER_MS,
    recordsConnections: policy.recordsConnections,
    waitReplicas: policy.waitReplicas,
    isDurable: policy.isDurable ?? false,
    limits: policy.limits.map(({ name, algorithm, limit, windowMs, shadow = false }) => {
      return { name, algorithm, limit, windowUs: windowMs * US_PER_MS, shadow };
    }),
  };
}

export function admissionFields({ subject, policy, cost, requestId, ownId }: Admission): object {
  return { subject, policy, cost, id: requestId ?? ownId };
}

export function refundFields({ subject, policy, requestId }: RefundRequest): object {
  return { subject, policy, id: requestId };
}

export function patienceFields({ deadlineMs }: Patience = {}): object {
  return { deadlineUs: deadlineMs === undefined ? undefined : wallUs(deadlineMs) };
}

export function answerFields(answer: Answer): object {
  if (answer instanceof Error) return errorFields(answer);
  const { admitted, isRepeat, decidedUs, degraded, retryDelayUs, limits } = answer;
  return { admitted, isRepeat, decidedUs, degraded, retryDelayUs, limits: limits.map(limitFields) };
}

export function callFields({ subject, service, requestId }: ServiceCall): object {
  return { subject, service, id: requestId };
}

export function overrideFields({ subject, policy, limitName }: OverrideTarget): object {
  return { subject, policy, name: limitName };
}

export function raiseFields({ limit, durationMs, configuredLimit, ...target }: BoundedRaise): object {
  return { ...overrideFields(target), limit, durationUs: durationMs * US_PER_MS, configuredLimit };
}

/** Whether an override was set, and until when. */
export function setFields(set: Override | undefined): object {
  return { isSet: set !== undefined, ...(set && expiryFields(set)) };
}

function expiryFields({ expireTimeMs }: { readonly expireTimeMs?: number }): object {
  return { expireUs: expireTimeMs === undefined ? undefined : expireTimeMs * US_PER_MS };
}

/** The class of an error says what it means; its message may hold anything. */
export function errorFields(error: unknown): object {
  return { error: error instanceof Error ? error.name : 'Error' };
}

function limitFields({ name, limit, remaining, windowUs, shadow, overridden }: LimitStatus): object {
  return { name, limit, remaining, windowUs, shadow, overridden };
}
