import { Redis } from 'ioredis';
import type { Opened } from '../opened';
import { type Layout, strayKeys } from './layout';

/** Of those that `anyText` gives, so that some requests of an Envoy match a rule. */
const NAMES = ['connection', 'service-call', 'login-attempt', 'per-window', 'burst', 'vente', 'achat'];

const RULES = NAMES.map((key) => `{ entries: [{ key: ${key} }], policy: connection, subject: "{${key}}" }`);

/** What the daemon of random messages decides by: every kind of limit and rule. */
export const FUZZED_POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    on_store_failure: local
    raises: { per-window: { limit: 30, for: 24h } }
    limits: [{ name: per-window, algorithm: sliding-window, limit: 10, window: 10m }]
  login-attempt:
    on_store_failure: deny
    limits:
      - { name: burst, algorithm: token-bucket, limit: 100, window: 10m }
      - { name: per-window, algorithm: sliding-window, limit: 5, window: 10m, shadow: true }
envoy:
${NAMES.map((domain) => `  ${domain}: { descriptors: [${RULES.join(', ')}] }`).join('\n')}
`;

const LAYOUT: Omit<Layout, 'partitions'> = {
  policies: { connection: ['per-window'], 'login-attempt': ['burst', 'per-window'] },
  windowsMs: [3 * 24 * 3_600_000],
};

/** The keys of a daemon with these policies, in both databases, that no rule of the layout has made. */
export async function fuzzedStrayKeys(
  opened: Opened,
  { url, partitions = 1 }: { url: string; partitions?: number },
): Promise<string[]> {
  const databases = ['/0', '/1'].map((path) =>
    opened.closed(new Redis(new URL(path, url).href), (database) => database.disconnect()),
  );
  const strays = await Promise.all(
    databases.map((database) => strayKeys(database, { ...LAYOUT, partitions })),
  );
  return strays.flat();
}
