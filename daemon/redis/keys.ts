import calculateSlot from 'cluster-key-slot';

/** Builds every key that the daemon uses. No other file knows their form. */
export interface Keys {
  /** The schema. Daemons of schema 1 kept the number of partitions here, and reject any other text. */
  readonly schema: string;
  /** The partition that holds all of a subject: its CRC16, as Redis Cluster takes it, modulo the partitions. */
  partitionOf(subject: string): number;
  /** What stands in braces in each key of a partition, and so decides on its slot in a Cluster. */
  tagOf(partition: number): string;
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
  /** The keys of a partition's statistics. */
  usage(partition: number): UsageKeys;
  /** Stream: a sample of the requests that a policy denied. */
  denials(partition: number, policy: string): string;
  /** Sorted set: the request ids of a subject's calls. */
  callRequests(subject: string): string;
  /** The key written by the probe, to see whether a partition takes writes. */
  probe(partition: number): string;
  /** The key written behind the writes that are waited for: see `createDurable`. */
  durable(partition: number): string;
  /** The record of the service calls of a partition. */
  calls(partition: number): CallKeys;
  /** Stream: the latest changes that operators asked for. */
  readonly audit: string;
  readonly fleet: FleetKeys;
  /** The keys of a partition's erasures. */
  erasures(partition: number): ErasureKeys;
  /** Hash: the mark of the latest erasure that was announced, by partition, and that of all under `latest`. */
  readonly announcedErasures: string;
}

/** What the serving processes know of each other. */
export interface FleetKeys {
  /** Set: their ids. */
  readonly members: string;
  /** One process, as it reports itself: JSON, for ten seconds. */
  member(id: string): string;
  /** Hash: who watches decisions, by the process that is asked. Only while somebody does. */
  readonly watching: string;
  /** Not a key: the channel of decisions. */
  readonly decisions: string;
}

export interface ErasureKeys {
  /** Hash: those that go on, by id. */
  readonly running: string;
  /** Hash: those that have ended, by id. */
  readonly ended: string;
  /** Which daemon works on them. */
  readonly lease: string;
  /** Sorted set: who was erased lately, under the keyed hash, by the microsecond at which that began. */
  readonly erased: string;
}

/** The owner of a key. The policy is empty for the request ids of calls, the limit if the key has none. */
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
  /** Hash: how many requests of each hour and policy were admitted, denied and refunded. */
  readonly hours: string;
  /** Hash: the last counts of denials that each daemon has delivered. */
  readonly delivered: string;
  /** Sorted set: who was denied by a policy lately, by the microsecond of the last denial. */
  denied(policy: string): string;
  /** Sorted set: the connections of each user in a window. */
  window(windowMs: number): string;
  /** Sorted set: the connections of a policy's log that were refunded. */
  refunds(policy: string): string;
}

export interface CallKeys {
  /** Stream of calls, oldest first. */
  readonly log: string;
  /** Sorted set: the calls of each subject, those with none included. */
  readonly bySubject: string;
  /** Sorted set: the calls of each service. */
  readonly byService: string;
}

export interface KeyOptions {
  readonly prefix: string;
  readonly partitions: number;
  /** The hash tag of each partition; its number unless given. */
  readonly tags?: readonly string[];
}

/**
 * `prefix` goes before every key, so that several daemons' data can share a server. The first word of a key says
 * what it is: no policy's name can then collide with a key of another kind.
 */
export function createKeys({ prefix, partitions, tags }: KeyOptions): Keys {
  // Most stores have one partition, and need no checksum of the subject.
  const partitionOf = (subject: string) => (partitions === 1 ? 0 : calculateSlot(subject) % partitions);
  const tagOf = (partition: number) => tags?.[partition] ?? `${partition}`;
  const inPartition = (kind: string, partition: number) => `${prefix}${kind}:{${tagOf(partition)}}`;
  const ofSubject = (kind: string, subject: string) => inPartition(kind, partitionOf(subject));
  return {
    schema: `${prefix}${SCHEMA_NAME}`,
    partitionOf,
    tagOf,
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
        denied: (policy) => `${base}:denied:${policy}`,
        window: (windowMs) => `${base}:window:${windowMs}`,
        refunds: (policy) => `${base}:refunds:${policy}`,
      };
    },
    denials: (partition, policy) => `${inPartition('denials', partition)}:${policy}`,
    callRequests: (subject) => `${ofSubject('requests', subject)}:${subject}`,
    calls: (partition) => {
      const base = inPartition('calls', partition);
      return { log: `${base}:log`, bySubject: `${base}:by-subject`, byService: `${base}:by-service` };
    },
    probe: (partition) => inPartition('probe', partition),
    durable: (partition) => `${inPartition('probe', partition)}:durable`,
    audit: inPartition('audit', 0),
    fleet: {
      members: `${inPartition('fleet', 0)}:members`,
      member: (id) => `${inPartition('fleet', 0)}:member:${id}`,
      watching: `${inPartition('fleet', 0)}:watching`,
      decisions: `${inPartition('fleet', 0)}:decisions`,
    },
    erasures: (partition) => {
      const base = inPartition('erasures', partition);
      return {
        running: `${base}:running`,
        ended: `${base}:ended`,
        lease: `${base}:lease`,
        erased: `${base}:erased`,
      };
    },
    announcedErasures: `${inPartition('erasures', 0)}:announced`,
  };
}

/**
 * The keys of the calls. A Cluster has a single database, so there they carry an extra first word that no key of the
 * admissions has.
 */
export function createCallsKeys(options: KeyOptions & { isClustered: boolean }): Keys {
  return createKeys({ ...options, prefix: options.isClustered ? `${options.prefix}calls:` : options.prefix });
}

const SCHEMA_NAME = 'partitions';

function prefixOf({ schema }: Keys): string {
  return schema.slice(0, -SCHEMA_NAME.length);
}

/** How many names precede the subject, in keys that hold a single subject. */
const NAMES_BEFORE: Readonly<Record<string, number>> = { taken: 1, bucket: 2, shadow: 2, requests: 0 };

/** The copy of a log that an erasure makes. No policy's name holds a colon, so no log has this name. */
export function rewrittenKey(log: string): string {
  return `${log}:rewritten`;
}

/** A pattern of Redis for every key that may end in a subject. */
export function patternFor(keys: Keys, subject: string): string {
  return `${escapePattern(prefixOf(keys))}*:{${keys.tagOf(keys.partitionOf(subject))}}*:${escapePattern(subject)}`;
}

/** The owner of a key that holds a single subject; undefined for any other key. */
export function ownerOf(keys: Keys, key: string): KeyOwner | undefined {
  const prefix = prefixOf(keys);
  if (!key.startsWith(prefix)) return undefined;
  const [, kind = '', rest = ''] = /^([a-z]+):\{[\d.]+\}:(.*)$/s.exec(key.slice(prefix.length)) ?? [];
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
