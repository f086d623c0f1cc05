import { Counter, Gauge, type Registry } from 'prom-client';

/** Why a handshake failed, or a certificate was not trusted. */
export const HANDSHAKE_FAILURES = [
  'expired',
  'not_yet_valid',
  'unknown_authority',
  'no_certificate',
  'rejected_by_client',
  'protocol',
  'closed',
  'other',
] as const;

export type HandshakeFailure = (typeof HANDSHAKE_FAILURES)[number];

export interface TlsMetrics {
  /** A TLS handshake failed. */
  handshakeFailed(reason: HandshakeFailure): void;
}

export interface TlsSources {
  /** When the certificates of each file expire. */
  readonly certificateEnds: () => readonly { readonly file: string; readonly validTo: Date }[];
}

export function createTlsMetrics({ certificateEnds }: TlsSources, registers: Registry[]): TlsMetrics {
  new Gauge({
    name: 'quota_tls_certificate_not_after_seconds',
    help: 'When the first certificate of a file ends, in seconds since 1970.',
    labelNames: ['file'],
    registers,
    collect() {
      this.reset();
      for (const { file, validTo } of certificateEnds()) this.set({ file }, validTo.getTime() / 1000);
    },
  });
  const handshakes = new Counter({
    name: 'quota_tls_handshake_failures_total',
    help: 'TLS handshakes that failed, and client certificates that were not believed, by reason.',
    labelNames: ['reason'],
    registers,
  });
  for (const reason of HANDSHAKE_FAILURES) handshakes.inc({ reason }, 0);
  return { handshakeFailed: (reason) => handshakes.inc({ reason }) };
}
