import type { Redis } from 'ioredis';
import { createKeys, ownerOf, rewrittenKey } from '../../../daemon/redis/keys';

export interface Layout {
  readonly partitions: number;
  /** The names of each policy's limits. */
  readonly policies: Readonly<Record<string, readonly string[]>>;
  readonly windowsMs: readonly number[];
}

/** The keys of a database that no rule of the layout has made. */
export async function strayKeys(redis: Redis, layout: Layout): Promise<string[]> {
  const known = commonKeys(layout);
  const found = await redis.keysBuffer('*');
  return found
    .map((key) => key.toString())
    .filter((key) => !known.has(key) && !isOfMember(key) && !isOfSubject(key, layout));
}

/** The keys that hold more than one subject. */
function commonKeys({ partitions, policies, windowsMs }: Layout): ReadonlySet<string> {
  const keys = createKeys({ prefix: '', partitions });
  const ofPartition = (partition: number) => {
    const { window, ...usage } = keys.usage(partition);
    const logs = Object.keys(policies).flatMap((policy) => [
      keys.admissions(partition, policy),
      keys.denials(partition, policy),
    ]);
    const calls = keys.calls(partition);
    return [
      ...[keys.control(partition), keys.overrides(partition)],
      ...Object.values(usage),
      ...windowsMs.map(window),
      ...Object.values(calls),
      ...[...logs, calls.log].flatMap((log) => [log, rewrittenKey(log)]),
      ...Object.values(keys.erasures(partition)),
    ];
  };
  const all = Array.from({ length: partitions }, (_, partition) => ofPartition(partition)).flat();
  // The probe has one key, for any number of partitions.
  const { member: _, ...fleet } = keys.fleet;
  return new Set([
    ...all,
    ...Object.values(fleet),
    keys.schema,
    keys.audit,
    keys.announcedErasures,
    'probe:{0}',
  ]);
}

/** Whether the key belongs to a process. */
function isOfMember(key: string): boolean {
  const { fleet } = createKeys({ prefix: '', partitions: 1 });
  return key === fleet.member(/[0-9a-f-]{36}$/.exec(key)?.[0] ?? '');
}

/** Whether the key is what the layout makes of a policy, a limit and a subject that may exist. */
function isOfSubject(key: string, { partitions, policies }: Layout): boolean {
  const keys = createKeys({ prefix: '', partitions });
  const owner = ownerOf(keys, key);
  if (owner === undefined || !isSubject(owner.subject)) return false;
  const { policy, limit, subject } = owner;
  if (key === keys.callRequests(subject)) return true;
  const limits = policies[policy];
  if (limits === undefined) return false;
  if (key === keys.taken(policy, subject)) return true;
  const made = [keys.bucket(policy, limit, subject), keys.shadow(policy, limit, subject)];
  return limits.includes(limit) && made.includes(key);
}

function isSubject(text: string): boolean {
  const { length } = [...text];
  return length >= 1 && length <= 128;
}
