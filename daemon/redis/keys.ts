import calculateSlot from 'cluster-key-slot';

/** Builds every key that the daemon uses. No other file knows how one looks. */
export interface Keys {
  /** The number of partitions, fixed at the first start. */
  readonly partitions: string;
  /** The partition that holds all of a subject: its CRC16, as Redis Cluster takes it, modulo the partitions. */
  partitionOf(subject: string): number;
  /** The state of one limit for one subject. Example: `quota:{0}:connection:per-window:42`. */
  limit(policy: string, limit: string, subject: string): string;
  /** The memory of an admitted request. */
  admission(policy: string, subject: string, requestId: string): string;
  /** The memory of a recorded call. */
  call(subject: string, requestId: string): string;
  /** Stream of decisions of a partition, oldest first. */
  decisions(partition: number): string;
  /** Hash of a partition: how many decisions of each hour, policy and verdict. */
  decisionsByHour(partition: number): string;
  /** Hash of a partition: the sizes that operators have set for single subjects. */
  overrides(partition: number): string;
  /** The record of the connections of a partition. */
  connections(partition: number): ConnectionKeys;
  /** The record of the service calls of a partition. */
  calls(partition: number): CallKeys;
}

export interface ConnectionKeys {
  /** Stream of connections, oldest first. */
  readonly log: string;
  /** Sorted set of the last users, by the microsecond of their last connection. */
  readonly recent: string;
  /** Set of subjects that the record of calls may not know yet. */
  readonly newcomers: string;
  /** Sorted set of the windows that were asked for last, by when. */
  readonly windows: string;
  /** Sorted set: the connections of each user in a window. */
  counts(windowMs: number): string;
  /** Hash: how far a window's counts have been moved along the log. */
  progress(windowMs: number): string;
}

export interface CallKeys {
  /** Stream of calls, oldest first. */
  readonly log: string;
  /** Sorted set: the calls of each subject, those with none included. */
  readonly bySubject: string;
  /** Sorted set: the calls of each service. */
  readonly byService: string;
}

/**
 * `prefix` goes before every key, so that several daemons' data can share a server. The first word of a key says
 * what it is: no policy's name can then collide with a key of another kind.
 */
export function createKeys({ prefix, partitions }: { prefix: string; partitions: number }): Keys {
  const partitionOf = (subject: string) => calculateSlot(subject) % partitions;
  const inPartition = (kind: string, partition: number) => `${prefix}${kind}:{${partition}}`;
  const ofSubject = (kind: string, subject: string) => inPartition(kind, partitionOf(subject));
  return {
    partitions: `${prefix}partitions`,
    partitionOf,
    limit: (policy, limit, subject) => `${ofSubject('quota', subject)}:${policy}:${limit}:${subject}`,
    admission: (policy, subject, requestId) =>
      `${ofSubject('requests', subject)}:admit:${policy}:${requestId}:${subject}`,
    call: (subject, requestId) => `${ofSubject('requests', subject)}:record-call:${requestId}:${subject}`,
    decisions: (partition) => `${inPartition('decisions', partition)}:log`,
    decisionsByHour: (partition) => `${inPartition('decisions', partition)}:by-hour`,
    overrides: (partition) => inPartition('overrides', partition),
    connections: (partition) => {
      const base = inPartition('connections', partition);
      return {
        log: `${base}:log`,
        recent: `${base}:recent`,
        newcomers: `${base}:newcomers`,
        windows: `${base}:windows`,
        counts: (windowMs) => `${base}:counts:${windowMs}`,
        progress: (windowMs) => `${base}:progress:${windowMs}`,
      };
    },
    calls: (partition) => {
      const base = inPartition('calls', partition);
      return { log: `${base}:log`, bySubject: `${base}:by-subject`, byService: `${base}:by-service` };
    },
  };
}
