import type { ClientOptions } from '@grpc/grpc-js';

/** A daemon that is back is found again within this time. */
const MAX_RECONNECT_BACKOFF_MS = 1_000;

// The repeats carry the same bytes, so the same request_id: the daemon takes nothing twice. A request without one
// changes nothing, or comes to the same if it is repeated. gRPC adds jitter to the pauses by itself.
const METHOD_CONFIG = {
  name: [{ service: 'quota.v1.QuotaService' }, { service: 'quota.v1.QuotaAdminService' }],
  retryPolicy: {
    maxAttempts: 4,
    initialBackoff: '0.05s',
    maxBackoff: '0.2s',
    backoffMultiplier: 2,
    retryableStatusCodes: ['UNAVAILABLE'],
  },
};

// A daemon that accepts connections and fails requests is left out for a while, and then tried again. Never more than half
// of them: if all fail, the fault is behind them, in the store for example.
const OUTLIER_DETECTION = {
  interval: { seconds: 1, nanos: 0 },
  base_ejection_time: { seconds: 5, nanos: 0 },
  max_ejection_time: { seconds: 30, nanos: 0 },
  max_ejection_percent: 50,
  failure_percentage_ejection: { threshold: 50, minimum_hosts: 2, request_volume: 5 },
  child_policy: [{ round_robin: {} }],
};

const SERVICE_CONFIG = JSON.stringify({
  loadBalancingConfig: [{ outlier_detection: OUTLIER_DETECTION }],
  // An overloaded daemon rejects many requests in a row, and repeating each would multiply its load. After this many failed
  // tries, less the successes' part, nothing is repeated until half as many are made up for (gRFC A6).
  retryThrottling: { maxTokens: 20, tokenRatio: 0.5 },
  methodConfig: [METHOD_CONFIG],
});

/** Retries, throttling and balancing, the same on every channel to the daemons. */
export const CHANNEL_OPTIONS: ClientOptions = {
  'grpc.service_config': SERVICE_CONFIG,
  // Or a TXT record of the daemon's name could replace all this.
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_retries': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': MAX_RECONNECT_BACKOFF_MS,
};
