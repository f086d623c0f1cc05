import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { until } from './wait';

export type HealthStatus = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING';

/** Field 1 of HealthCheckResponse, an enum; left out if it is 0. */
const STATUSES: Record<string, HealthStatus> = { '': 'UNKNOWN', '0801': 'SERVING', '0802': 'NOT_SERVING' };

/** A Watch of the whole daemon's health, as a load balancer keeps one open. */
export interface HealthWatch {
  /** Every status received, in order. */
  readonly seen: readonly HealthStatus[];
  /** Waits until this status is the last one received. */
  reached(status: HealthStatus): Promise<void>;
  readonly hasEnded: boolean;
  close(): void;
}

export function watchHealth(target: string): HealthWatch {
  const client = new Client(target, credentials.createInsecure());
  const seen: HealthStatus[] = [];
  let hasEnded = false;
  let fault = '';
  const stream = client.makeServerStreamRequest(
    '/grpc.health.v1.Health/Watch',
    (request: Buffer) => request,
    (bytes) => STATUSES[bytes.toString('hex')] ?? 'UNKNOWN',
    Buffer.alloc(0),
    // On a busy machine the first connection may fail.
    new Metadata({ waitForReady: true }),
  );
  stream.on('data', (status: HealthStatus) => seen.push(status));
  stream.on('error', ({ message }: Error) => {
    fault = `; the watch ended: ${message}`;
  });
  stream.on('close', () => {
    hasEnded = true;
  });
  return {
    seen,
    get hasEnded() {
      return hasEnded;
    },
    reached: (status) =>
      until(
        () => `the health ${status}, after ${seen.join(', ') || 'nothing'}${fault}`,
        () => seen.at(-1) === status,
      ),
    close() {
      stream.cancel();
      client.close();
    },
  };
}
