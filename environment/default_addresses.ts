/** HOST:PORT of what the programs serve if the environment does not say otherwise: for this machine alone. */
export const DEFAULT_ADDRESSES = {
  /** The daemon's gRPC. */
  quota: '127.0.0.1:50051',
  /** The daemon's metrics and probes. */
  quotaHttp: '127.0.0.1:9464',
  /** The site. */
  web: '127.0.0.1:3000',
  /** The site's metrics. */
  webMetrics: '127.0.0.1:9465',
} as const;
