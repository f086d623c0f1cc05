import { z } from 'zod';
import { ALGORITHM_NAMES, algorithmOf, isAlgorithmName } from './algorithms/registry';
import type { Domains } from './descriptors/domain';
import { domainFaults, domainsSection, type MappedPolicy, toDomains } from './descriptors/domains_section';
import { parseDurationMs } from './duration';
import { aLimitSize, isLimitSize } from './limit_size';
import { countsTakings, type Limit, MAX_WINDOW_MS } from './limits';
import { boundFaults, defaultRememberMs, MAX_REMEMBER_MS, MIN_REMEMBER_MS } from './policy_bounds';
import { raise, raiseFaults } from './raise_bounds';
import type { RaiseBound } from './raises';
import { type Statistics, statistics } from './statistics';
import { asMap, entryOf, must, type PathFault, parseYamlFile, repeatedNames } from './yaml_faults';
import type { LineFault } from './yaml_source';

/** More limits than this in one policy are a slip, and each one is work in the script. */
const MAX_LIMITS = 16;

/** What a policy does while the store is unreachable. */
export type StoreFailureRule = 'deny' | 'admit' | 'local';

/** A named rule: which limits an act takes from. */
export interface Policy {
  readonly name: string;
  readonly limits: readonly Limit[];
  /** Whether the admitted ones are connections, which feed the statistics. */
  readonly recordsConnections: boolean;
  readonly onStoreFailure: StoreFailureRule;
  /** How long a request id is remembered, so that a repeat takes nothing; 0: not at all. */
  readonly rememberMs: number;
  /** Whether an admission is answered only once the store has it on disk. */
  readonly isDurable?: boolean;
  /** How many replicas must have an admission before it is answered; none unless set. */
  readonly waitReplicas?: number;
  /** How far limits may be raised for single subjects, by their names; none unless set. */
  readonly raises?: ReadonlyMap<string, RaiseBound>;
}

/** The policies file, validated. */
export interface Policies {
  /** The services whose calls may be recorded, in the file's order. */
  readonly services: readonly string[];
  readonly byName: ReadonlyMap<string, Policy>;
  readonly statistics: Statistics;
  /** Which policies decide on the descriptors of gateways, by domain; none unless set. */
  readonly domains?: Domains;
}

/** The policies file cannot be used; all of its faults are listed, in line order. */
export class PoliciesInvalid extends Error {
  override readonly name = 'PoliciesInvalid';
  constructor(readonly faults: readonly LineFault[]) {
    super(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  }
}

const aName = must('lower case letters, digits and hyphens, 63 at most, a letter first');
const name = z.string(aName).regex(/^[a-z][a-z0-9-]{0,62}$/, aName);

const aDuration = must('a duration such as 500ms, 30s, 10m, 1h or 3d, at most 366d');
const isDuration = (text: string) => (parseDurationMs(text) ?? Number.POSITIVE_INFINITY) <= MAX_WINDOW_MS;

const limit = z
  .strictObject(
    {
      name,
      algorithm: z.enum(ALGORITHM_NAMES, must(ALGORITHM_NAMES.join(' or '))),
      limit: z.number(aLimitSize).refine(isLimitSize, aLimitSize),
      window: z.string(aDuration).refine(isDuration, aDuration),
      shadow: z.boolean(must('true or false')).default(false),
    },
    must('a map'),
  )
  .transform(({ window, ...rest }): Limit => ({ ...rest, windowMs: parseDurationMs(window) ?? 0 }));

const aRemember = must('a duration from 1m to 24h, or none');
const remember = z
  .string(aRemember)
  .refine(isRemember, aRemember)
  .transform((text) => parseDurationMs(text) ?? 0);

function isRemember(text: string): boolean {
  const ms = parseDurationMs(text);
  return text === 'none' || (ms !== undefined && ms >= MIN_REMEMBER_MS && ms <= MAX_REMEMBER_MS);
}

/** More than any store has for each master. */
const MAX_WAIT_REPLICAS = 9;

const aReplicaCount = must(`a whole number from 1 to ${MAX_WAIT_REPLICAS}`);

const policy = z.strictObject(
  {
    remember: remember.optional(),
    durable: z.boolean(must('true or false')).default(false),
    wait_replicas: z
      .int(aReplicaCount)
      .min(1, aReplicaCount)
      .max(MAX_WAIT_REPLICAS, aReplicaCount)
      .optional(),
    records: z.literal('connections', must('connections, or left out')).optional(),
    on_store_failure: z.enum(['deny', 'admit', 'local'], must('deny, admit or local')).default('deny'),
    raises: z.record(z.string(), raise, must('a map of raises')).optional(),
    limits: z
      .array(limit, must('a list of limits'))
      .min(1, 'must hold at least one limit')
      .max(MAX_LIMITS, `must hold ${MAX_LIMITS} limits at most`),
  },
  must('a map'),
);

const file = z.strictObject(
  {
    services: z.array(name, must('a list of names')).default([]),
    statistics,
    policies: z
      .record(z.string(), policy, must('a map of policies'))
      .refine((all) => Object.keys(all).length > 0, 'must hold at least one policy'),
    envoy: domainsSection,
  },
  { error: 'the file must be a map that holds policies' },
);

/**
 * Reads and validates a policies file. Throws `PoliciesInvalid` with every fault: syntax, unknown or repeated
 * keys, repeated names, numbers and durations out of range.
 */
export function parsePolicies(text: string): Policies {
  const parsed = parseYamlFile({ text, schema: file, crossFaults });
  if ('faults' in parsed) throw new PoliciesInvalid(parsed.faults);
  return toPolicies(parsed.data);
}

function toPolicies({ services, policies, statistics, envoy }: z.infer<typeof file>): Policies {
  const byName = Object.entries(policies).map(([policyName, parsed]) => {
    const { limits, records, on_store_failure, remember, durable, wait_replicas, raises } = parsed;
    const built: Policy = {
      name: policyName,
      limits,
      recordsConnections: records === 'connections',
      onStoreFailure: on_store_failure,
      rememberMs: remember ?? defaultRememberMs(limits),
      ...(durable && { isDurable: true }),
      ...(wait_replicas && { waitReplicas: wait_replicas }),
      ...(raises && { raises: new Map(Object.entries(raises)) }),
    };
    return [policyName, built] as const;
  });
  const domains = toDomains(envoy);
  return {
    services,
    byName: new Map(byName),
    statistics: { windowsMs: statistics.windows },
    ...(domains.size > 0 && { domains }),
  };
}

/** Faults between values. Checked apart from the schema, which would check them only once all else is valid. */
function crossFaults(raw: unknown): PathFault[] {
  const faults = repeatedNames(entryOf(raw, 'services'), ['services'], (entry) => entry);
  for (const [policyName, body] of Object.entries(asMap(entryOf(raw, 'policies')))) {
    const path = ['policies', policyName];
    const message = name.safeParse(policyName).error?.issues[0]?.message;
    if (message !== undefined) faults.push({ path, message });
    const limits = entryOf(body, 'limits');
    if (!Array.isArray(limits)) continue;
    const limitsPath = [...path, 'limits'];
    faults.push(...repeatedNames(limits, limitsPath, (entry) => entryOf(entry, 'name')));
    faults.push(...limits.flatMap((entry, index) => countingFaults(entry, [...limitsPath, index, 'limit'])));
    faults.push(...policyFaults(body, path));
  }
  return [...faults, ...domainFaults(entryOf(raw, 'envoy'), (named) => mappedPolicy(raw, named))];
}

/** A policy of the file, for what maps to it. */
function mappedPolicy(raw: unknown, policyName: string): MappedPolicy | undefined | null {
  const policies = asMap(entryOf(raw, 'policies'));
  if (!Object.hasOwn(policies, policyName)) return null;
  const { data } = policy.safeParse(policies[policyName]);
  if (data === undefined) return undefined;
  const { limits, remember } = data;
  return { name: policyName, limits, rememberMs: remember ?? defaultRememberMs(limits) };
}

/** Faults between the values of a policy. The schema reports values that are wrong by themselves. */
function policyFaults(body: unknown, path: readonly PropertyKey[]): PathFault[] {
  const { data } = policy.safeParse(body);
  if (data === undefined) return [];
  const { limits } = data;
  const rememberMs = data.remember ?? defaultRememberMs(limits);
  const faults = boundFaults({ limits, rememberMs });
  const keeper = limits.find(countsTakings);
  if (rememberMs === 0 && keeper !== undefined)
    faults.push(`remember: none is not possible with a ${keeper.algorithm}, which keeps the ids anyway`);
  return [...faults.map((message) => ({ path, message })), ...raiseFaults({ ...data, rememberMs, path })];
}

/** Why a limit cannot be counted. The schema reports what is wrong by itself. */
function countingFaults(raw: unknown, path: readonly PropertyKey[]): PathFault[] {
  const [algorithm, size, window] = ['algorithm', 'limit', 'window'].map((key) => entryOf(raw, key));
  if (typeof size !== 'number' || !isLimitSize(size) || !isAlgorithmName(algorithm)) return [];
  const windowMs = typeof window === 'string' && isDuration(window) ? parseDurationMs(window) : undefined;
  const message = algorithmOf({ algorithm }).countingFault({ limit: size, windowMs });
  return message === undefined ? [] : [{ path, message }];
}
