import type { Policy } from './policies';

/** What an admitted answer waits for after Redis has replied. */
export interface Wait {
  /** The disk of the Redis that decided. */
  readonly isForDisk: boolean;
  /** How many replicas must have received the write; 0: none. */
  readonly replicas: number;
}

/** What the admissions of a policy wait for; undefined: nothing. */
export function waitOf({ isDurable = false, waitReplicas = 0 }: Policy): Wait | undefined {
  return isDurable || waitReplicas > 0 ? { isForDisk: isDurable, replicas: waitReplicas } : undefined;
}
