import { reusedRequestId } from '../quota/errors';
import { CALL_REMEMBERED_MS } from '../quota/retention';
import type { ServiceCall, ServiceUsage, UserCount } from '../quota/usage';

interface KnownCall {
  readonly service: string;
  readonly atMs: number;
}

/** The record of service calls. */
export interface Calls {
  /** Records a call; false if its request id was recorded before. Throws `InvalidRequest` if that had another service. */
  record(call: ServiceCall, nowMs: number): boolean;
  /** Lists a subject among those with no calls, unless it has some. */
  meet(subject: string): void;
  bySubject(): UserCount[];
  byService(): ServiceUsage[];
  countOf(subject: string): number;
  /** Forgets whose calls they were; the services keep their counts. */
  erase(subject: string): void;
}

export function createCalls(): Calls {
  const subjects = new Map<string, number>();
  const services = new Map<string, number>();
  /** By subject and id, in the order of their recording. */
  const known = new Map<string, KnownCall>();

  function forgetOld(nowMs: number): void {
    for (const [key, { atMs }] of known) {
      if (nowMs - atMs < CALL_REMEMBERED_MS) return;
      known.delete(key);
    }
  }

  return {
    record({ subject, service, requestId }, nowMs) {
      forgetOld(nowMs);
      // A request id has no space.
      const key = requestId === undefined ? undefined : `${requestId.toLowerCase()} ${subject}`;
      const before = key === undefined ? undefined : known.get(key);
      if (before !== undefined && before.service !== service) throw reusedRequestId('24 hours', 'service');
      if (before !== undefined) return false;
      if (key !== undefined) known.set(key, { service, atMs: nowMs });
      subjects.set(subject, (subjects.get(subject) ?? 0) + 1);
      services.set(service, (services.get(service) ?? 0) + 1);
      return true;
    },

    meet(subject) {
      if (!subjects.has(subject)) subjects.set(subject, 0);
    },

    bySubject: () => [...subjects].map(([subject, count]) => ({ subject, count })),
    byService: () => [...services].map(([service, callCount]) => ({ service, callCount })),
    countOf: (subject) => subjects.get(subject) ?? 0,

    erase(subject) {
      subjects.delete(subject);
      for (const key of known.keys()) if (key.slice(key.indexOf(' ') + 1) === subject) known.delete(key);
    },
  };
}
