import { UnknownRequest } from '../quota/errors';
import type { Policy } from '../quota/policies';
import type { DecideOnPast, PastRequest } from '../quota/replay';
import { createMemoryLimits } from './limits';

const US_PER_MS = 1000;

/** Decides requests of the past in memory, each at its own time, from nothing taken on. */
export function createPastDecider(): DecideOnPast {
  let nowUs = 0;
  const limits = createMemoryLimits({ nowUs: () => nowUs });
  const ids = createIds();

  /** Gives back the first request of that moment that has not been given back, if the policy would have admitted one. */
  function refund({ subject, policy: name, refundedTimeMs = 0 }: PastRequest, policy: Policy): void {
    for (let number = 0; ; number += 1) {
      const requestId = idOf(toUs(refundedTimeMs), number);
      try {
        if (limits.refund({ subject, policy: name, requestId }, policy).isRefunded) return;
      } catch (error) {
        if (error instanceof UnknownRequest) return;
        throw error;
      }
    }
  }

  return (request, policy) => {
    const { subject, cost, timeMs } = request;
    nowUs = toUs(timeMs);
    if (request.refundedTimeMs !== undefined) {
      refund(request, policy);
      return false;
    }
    const requestId = ids.next(`${policy.name}:${subject}`, nowUs);
    return limits.admit({ subject, policy: policy.name, cost, requestId }, policy).admitted;
  };
}

function toUs(ms: number): number {
  return Math.round(ms * US_PER_MS);
}

/** Requests of the past have lost their ids: a refund names the moment of what it gives back. */
function idOf(us: number, number: number): string {
  return `${us}:${number}`;
}

/** Makes an id for each request, those of one subject and one moment included. */
function createIds() {
  const last = new Map<string, { us: number; number: number }>();
  return {
    next(key: string, us: number): string {
      const before = last.get(key);
      const number = before?.us === us ? before.number + 1 : 0;
      last.set(key, { us, number });
      return idOf(us, number);
    },
  };
}
