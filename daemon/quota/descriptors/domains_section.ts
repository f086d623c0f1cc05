import { z } from 'zod';
import { algorithmOf } from '../algorithms/registry';
import { aLimitSize, isLimitSize } from '../limit_size';
import { type Bounded, boundFaults } from '../policy_bounds';
import { asMap, entryOf, must, type PathFault } from '../yaml_faults';
import { covers, type Domain, type Domains } from './domain';
import { parseSubjectTemplate } from './subject_template';

/** A descriptor with more is not sent by any known action, and each entry is compared. */
const MAX_ENTRIES = 16;

const aText = must('a text that is not empty');
const text = z.string(aText).min(1, aText);

const entry = z.strictObject({ key: text, value: text.optional() }, must('a map of key and value'));

const rule = z.strictObject(
  {
    entries: z
      .array(entry, must('a list of entries'))
      .min(1, 'must hold at least one entry')
      .max(MAX_ENTRIES, `must hold ${MAX_ENTRIES} entries at most`),
    policy: z.string(must('the name of a policy')),
    subject: z.string(must('a text such as "{remote_address}"')),
    max_override: z.number(aLimitSize).refine(isLimitSize, aLimitSize).optional(),
  },
  must('a map'),
);

const domain = z.strictObject(
  {
    exactly_once: z.boolean(must('true or false')).default(false),
    descriptors: z.array(rule, must('a list of descriptors')).min(1, 'must hold at least one descriptor'),
  },
  must('a map'),
);

/** The section `envoy` of the policies file: a mapping for each domain. */
export const domainsSection = z.record(z.string(), domain, must('a map of domains')).default({});

type Section = z.infer<typeof domainsSection>;
type Rule = z.infer<typeof rule>;

/** The mappings of a valid section. */
export function toDomains(section: Section): Domains {
  return new Map(Object.entries(section).map(([name, parsed]) => [name, toDomain(parsed)]));
}

function toDomain({ exactly_once, descriptors }: z.infer<typeof domain>): Domain {
  const rules = descriptors.map(({ entries, policy, subject, max_override }) => {
    const parsed = parseSubjectTemplate(subject, keysOf(entries));
    if ('faults' in parsed) throw new Error(`unchecked subject: ${parsed.faults.join(', ')}`);
    return {
      entries,
      policy,
      subject: parsed.template,
      ...(max_override !== undefined && { maxOverride: max_override }),
    };
  });
  return { isExactlyOnce: exactly_once, rules };
}

/** A policy that descriptors may be mapped to. */
export interface MappedPolicy extends Bounded {
  readonly name: string;
}

/** Finds a policy: undefined if it is not valid by itself, and null if none has this name. */
type PolicyOf = (name: string) => MappedPolicy | undefined | null;

/**
 * Faults between the values of the section. The schema reports values that are wrong by themselves.
 */
export function domainFaults(raw: unknown, policyOf: PolicyOf): PathFault[] {
  const section = asMap(raw);
  return Object.entries(section).flatMap(([name, body]) => {
    const path = ['envoy', name];
    const faults = name === '' ? [{ path, message: 'must not be empty' }] : [];
    const list = entryOf(body, 'descriptors');
    return Array.isArray(list)
      ? [...faults, ...ruleFaults(list, [...path, 'descriptors'], policyOf)]
      : faults;
  });
}

function ruleFaults(list: readonly unknown[], path: readonly PropertyKey[], policyOf: PolicyOf): PathFault[] {
  const parsed = list.map((raw) => rule.safeParse(raw).data);
  return parsed.flatMap((each, at) => {
    if (each === undefined) return [];
    const place = [...path, at];
    const earlier = parsed.slice(0, at).findIndex((other) => other && covers(other.entries, each.entries));
    return [
      ...(earlier < 0
        ? []
        : [{ path: place, message: `never decides: descriptors[${earlier}] matches all that it matches` }]),
      ...subjectFaults(each, place),
      ...policyFaults(each, place, policyOf(each.policy)),
    ];
  });
}

function subjectFaults({ subject, entries }: Rule, path: readonly PropertyKey[]): PathFault[] {
  const parsed = parseSubjectTemplate(subject, keysOf(entries));
  if (!('faults' in parsed)) return [];
  return parsed.faults.map((message) => ({ path: [...path, 'subject'], message }));
}

function policyFaults(
  { policy: name, max_override: size }: Rule,
  path: readonly PropertyKey[],
  policy: ReturnType<PolicyOf>,
): PathFault[] {
  if (policy === undefined) return [];
  if (policy === null)
    return [{ path: [...path, 'policy'], message: `no policy is named ${JSON.stringify(name)}` }];
  const faults: PathFault[] = [];
  if (policy.rememberMs === 0) {
    const message = `policy ${JSON.stringify(name)} must remember request ids, or nothing could be given back if another descriptor denies`;
    faults.push({ path: [...path, 'policy'], message });
  }
  if (size !== undefined)
    faults.push(
      ...overrideFaults(policy, size).map((message) => ({ path: [...path, 'max_override'], message })),
    );
  return faults;
}

/** Why the limit of a policy cannot have this size. */
function overrideFaults(policy: MappedPolicy, size: number): string[] {
  const [limit, ...others] = policy.limits;
  if (limit === undefined || others.length > 0 || limit.shadow)
    return ['needs a policy whose only limit may deny'];
  const largest = { ...limit, limit: size };
  const limits = [largest];
  const faults = [
    algorithmOf(largest).countingFault(largest),
    ...boundFaults({ limits, rememberMs: policy.rememberMs }),
  ];
  return faults.filter((fault) => fault !== undefined);
}

function keysOf(entries: readonly { readonly key: string }[]): string[] {
  return entries.map(({ key }) => key);
}
