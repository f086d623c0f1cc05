import type { DescriptorEntry } from './descriptor';
import type { SubjectTemplate } from './subject_template';

/** A key, and the only value that matches; any value does if it is undefined. */
export interface EntryMatch {
  readonly key: string;
  readonly value?: string;
}

/** Which descriptors a policy decides on, and for whom. */
export interface DescriptorRule {
  /** Matches a descriptor with as many entries, each of which matches, in this order. */
  readonly entries: readonly EntryMatch[];
  /** The name of the policy. */
  readonly policy: string;
  readonly subject: SubjectTemplate;
  /** The largest size that the gateway may ask for; undefined ignores what it asks for. */
  readonly maxOverride?: number;
}

/** The mapping of one domain. */
export interface Domain {
  /** Whether a repeat of a request takes nothing more. */
  readonly isExactlyOnce: boolean;
  /** In the file's order: the first that matches decides. */
  readonly rules: readonly DescriptorRule[];
}

/** The mappings, by the names of their domains. */
export type Domains = ReadonlyMap<string, Domain>;

/** The rule that decides on a descriptor; undefined if none matches. */
export function ruleFor({ rules }: Domain, entries: readonly DescriptorEntry[]): DescriptorRule | undefined {
  return rules.find((rule) => covers(rule.entries, entries));
}

/** Whether the pattern matches everything that the other one matches. A descriptor is a pattern that matches itself. */
export function covers(pattern: readonly EntryMatch[], other: readonly EntryMatch[]): boolean {
  return (
    pattern.length === other.length &&
    pattern.every(({ key, value }, at) => {
      const { key: otherKey, value: otherValue } = other[at] as EntryMatch;
      return key === otherKey && (value === undefined || value === otherValue);
    })
  );
}
