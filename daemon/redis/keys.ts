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
  /** Hash of a partition: the sizes that operators have set for single subjects. */
  overrides(partition: number): string;
  /** What a partition's statistics are kept in. */
  usage(partition: number): UsageKeys;
  /** Stream: a sample of the requests that a policy denied. */
  denials(partition: number, policy: string): string;
  /** Sorted set: the request ids of a subject's calls. */
  callRequests(subject: string): string;
  /** The record of the service calls of a partition. */
  calls(partition: number): CallKeys;
  /** Stream: the latest changes that operators asked for. */
  readonly audit: string;
  /** What the erasures of a partition are kept in. */
  erasures(partition: number): ErasureKeys;
}

export interface ErasureKeys {
  /** Hash: those that go on, by id. */
  readonly running: string;
  /** Hash: those that have ended, by id. */
  readonly ended: string;
  /** Which daemon works on them. */
  readonly lease: string;
}

/** Whose a key is. The policy is empty for the request ids of calls, the limit where a key has none. */
export interface KeyOwner {
  readonly policy: string;
  readonly limit: string;
  readonly subject: string;
}

export interface UsageKeys {
  /** Hash: how far the statistics have come. */
  readonly state: string;
  /** Which daemon folds the logs into the statistics. */
  readonly lease: string;
  /** Sorted set of the last users, by the microsecond of their last connection. */
  readonly recent: string;
  /** Set of subjects that the record of calls may not know yet. */
  readonly newcomers: string;
  /** Hash: how many requests of each hour and policy were admitted and denied. */
  readonly hours: string;
  /** Hash: the last counts of denials that each daemon has delivered. */
  readonly delivered: string;
  /** Sorted set: the connections of each user in a window. */
  window(windowMs: number): string;
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
  // Most stores have one partition, and need no sum over the subject.
  const partitionOf = (subject: string) => (partitions === 1 ? 0 : calculateSlot(subject) % partitions);
  const inPartition = (kind: string, partition: number) => `${prefix}${kind}:{${partition}}`;
  const ofSubject = (kind: string, subject: string) => inPartition(kind, partitionOf(subject));
  return {
    schema: `${prefix}${SCHEMA_NAME}`,
    partitionOf,
    control: (partition) => inPartition('control', partition),
    taken: (policy, subject) => `${ofSubject('taken', subject)}:${policy}:${subject}`,
    bucket: (policy, limit, subject) => `${ofSubject('bucket', subject)}:${policy}:${limit}:${subject}`,
    shadow: (policy, limit, subject) => `${ofSubject('shadow', subject)}:${policy}:${limit}:${subject}`,
    admissions: (partition, policy) => `${inPartition('admissions', partition)}:${policy}`,
    overrides: (partition) => inPartition('overrides', partition),
    usage: (partition) => {
      const base = inPartition('usage', partition);
      return {
        state: `${base}:state`,
        lease: `${base}:lease`,
        recent: `${base}:recent`,
        newcomers: `${base}:newcomers`,
        hours: `${base}:by-hour`,
        delivered: `${base}:delivered`,
        window: (windowMs) => `${base}:window:${windowMs}`,
      };
    },
    denials: (partition, policy) => `${inPartition('denials', partition)}:${policy}`,
    callRequests: (subject) => `${ofSubject('requests', subject)}:${subject}`,
    calls: (partition) => {
      const base = inPartition('calls', partition);
      return { log: `${base}:log`, bySubject: `${base}:by-subject`, byService: `${base}:by-service` };
    },
    audit: inPartition('audit', 0),
    erasures: (partition) => {
      const base = inPartition('erasures', partition);
      return { running: `${base}:running`, ended: `${base}:ended`, lease: `${base}:lease` };
    },
  };
}

const SCHEMA_NAME = 'partitions';

function prefixOf({ schema }: Keys): string {
  return schema.slice(0, -SCHEMA_NAME.length);
}

/** How many names stand before the subject, in the keys that hold one subject alone. */
const NAMES_BEFORE: Readonly<Record<string, number>> = { taken: 1, bucket: 2, shadow: 2, requests: 0 };

/** The copy of a log that an erasure makes. No policy's name holds a colon, so no log has this name. */
export function rewrittenKey(log: string): string {
  return `${log}:rewritten`;
}

/** A pattern of Redis for every key that may end in a subject. */
export function patternFor(keys: Keys, subject: string): string {
  return `${escapePattern(prefixOf(keys))}*:{${keys.partitionOf(subject)}}*:${escapePattern(subject)}`;
}

/** Whose a key is that holds one subject alone; undefined for any other key. */
export function ownerOf(keys: Keys, key: string): KeyOwner | undefined {
  const prefix = prefixOf(keys);
  if (!key.startsWith(prefix)) return undefined;
  const [, kind = '', rest = ''] = /^([a-z]+):\{\d+\}:(.*)$/s.exec(key.slice(prefix.length)) ?? [];
  const nameCount = NAMES_BEFORE[kind];
  if (nameCount === undefined) return undefined;
  const parts = rest.split(':');
  // Names of policies and limits hold no colon; a subject may.
  const [policy = '', limit = ''] = parts.slice(0, nameCount);
  return { policy, limit, subject: parts.slice(nameCount).join(':') };
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\*?[\]^-]/g, '\\$&');
}
