import { createHash } from 'node:crypto';
import type { Domains } from './descriptors/domain';
import type { Policies } from './policies';

const DIGEST_LENGTH = 12;

/** Equal for policies files with the same meaning, independent of comments and layout, to compare daemons. */
export function digestOf({ services, byName, statistics, domains }: Policies): string {
  const meaning = JSON.stringify([
    services,
    [...byName.values()].map(sorted),
    sorted(statistics),
    ...(domains ? [meaningOf(domains)] : []),
  ]);
  return createHash('sha256').update(meaning).digest('hex').slice(0, DIGEST_LENGTH);
}

/** The order of the domains has no meaning; that of a domain's rules has. */
function meaningOf(domains: Domains): unknown {
  const byDomain = [...domains].map(([name, { isExactlyOnce, rules }]) => {
    const meant = rules.map(({ subject, ...rule }) => ({ ...rule, subject: subject.text }));
    return [name, { isExactlyOnce, rules: meant }] as const;
  });
  return sorted(Object.fromEntries(byDomain));
}

/** With its fields in the order of their names, also within. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, sorted(each)]));
}
