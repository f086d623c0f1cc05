import { status } from '@grpc/grpc-js';
import type { Metrics } from '../../telemetry/metrics';
import type { RequestGuard } from './guards';

const MS_PER_S = 1000;

/**
 * Counts and times each request. Runs before the guards whose refusals it counts. Only registered methods get here, so
 * callers cannot invent labels.
 */
export function observeRequests(metrics: Pick<Metrics, 'answered'>): RequestGuard {
  return ({ method }) => {
    const startMs = performance.now();
    let isAnswered = false;

    function answered(code: status): void {
      if (isAnswered) return;
      isAnswered = true;
      const durationS = method.responseStream ? undefined : (performance.now() - startMs) / MS_PER_S;
      metrics.answered({ method: method.path.slice(1), code: status[code] ?? 'UNKNOWN', durationS });
    }

    return { onEnd: answered, onCancel: () => answered(status.CANCELLED) };
  };
}
