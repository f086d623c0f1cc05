import calculateSlot from 'cluster-key-slot';

/** Builds every key that the daemon uses. No other file knows how one looks. */
export interface Keys {
  /** The schema. Daemons of schema 1 kept the number of partitions here, and refuse any other text. */
  readonly schema: string;
  /** The partition that holds all of a subject: its CRC16, as Redis Cluster takes it, modulo the partitions. */
  partitionOf(subject: string): number;
  /** Hash of a partition: what all daemons agree on. */
  control(partition: number): string;
  /** Sorted set: what a subject took from a policy, by request id. Example: `taken:{0}:connection:42`. */
  taken(policy: string, subject: string): string;
  /** Hash: a token bucket. Example: `bucket:{0}:login-attempt:burst:10.0.0.1`. */
  bucket(policy: string, limit: string, subject: string): string;
  /** Sorted set: what a subject took from a sliding window in shadow. */
  shadow(policy: string, limit: string, subject: string): string;
  /** Stream of a partition: the admissions of a policy, oldest first. */
  admissions(partition: number, policy: string): string;
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
    schema: `${prefix}partitions`,
    partitionOf,
    control: (partition) => inPartition('control', partition),
    taken: (policy, subject) => `${ofSubject('taken', subject)}:${policy}:${subject}`,
    bucket: (policy, limit, subject) => `${ofSubject('bucket', subject)}:${policy}:${limit}:${subject}`,
    shadow: (policy, limit, subject) => `${ofSubject('shadow', subject)}:${policy}:${limit}:${subject}`,
    admissions: (partition, policy) => `${inPartition('admissions', partition)}:${policy}`,
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
