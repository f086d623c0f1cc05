/** Those whose decisions clients ask for; what `kept` has answered is on disk. */
export const POLICY_NAMES = ['login', 'strict', 'filling', 'mixed', 'open', 'kept'] as const;

/** Those that any Redis can serve: before 7.2 it cannot wait for its disk. */
export const PLAIN_POLICIES = ['login', 'strict', 'filling', 'mixed', 'open'] as const;

/** Whom operators concern themselves with, so that the others are checked as sharply as can be. */
export const OPERATED = { overridden: 's0', reset: 's1', erased: 's2' } as const;

export const SUBJECTS = ['s0', 's1', 's2', 's3', 's4', 's5'] as const;

export const SERVICES = ['vente', 'achat'] as const;

/** Who may do what. The tokens are known to everybody. */
export const TOKENS = { clients: 'quota_clients', site: 'quota_site', operator: 'quota_operator' } as const;

export const IDENTITIES = [
  { name: 'clients', role: 'caller', tokens: [TOKENS.clients] },
  { name: 'site', role: 'site', tokens: [TOKENS.site] },
  { name: 'operator', role: 'operator', tokens: [TOKENS.operator] },
] as const;

/** Short windows, so that many of them fall into a stage; the sizes differ between versions, which are rolled out. */
export const POLICY_VERSIONS = [
  versionOf({ login: 4, strict: 5, mixed: 8 }),
  versionOf({ login: 5, strict: 4, mixed: 6 }),
] as const;

function versionOf({ login, strict, mixed }: Record<'login' | 'strict' | 'mixed', number>): string {
  return `
services: [${SERVICES.join(', ')}]
policies:
  login:
    records: connections
    remember: 10m
    on_store_failure: local
    raises: { burst: { limit: 9, for: 2m } }
    limits:
      - { name: burst, algorithm: sliding-window, limit: ${login}, window: 3s }
      - { name: long, algorithm: sliding-window, limit: ${login * 3}, window: 15s }
  strict:
    remember: 10m
    on_store_failure: deny
    raises: { only: { limit: 9, for: 2m } }
    limits: [{ name: only, algorithm: sliding-window, limit: ${strict}, window: 4s }]
  filling:
    remember: 10m
    on_store_failure: local
    raises: { only: { limit: 9, for: 2m } }
    limits: [{ name: only, algorithm: token-bucket, limit: 6, window: 6s }]
  mixed:
    remember: 10m
    on_store_failure: deny
    raises: { window: { limit: 9, for: 2m } }
    limits:
      - { name: window, algorithm: sliding-window, limit: ${mixed}, window: 8s }
      - { name: bucket, algorithm: token-bucket, limit: 5, window: 5s }
      - { name: tried, algorithm: sliding-window, limit: 2, window: 8s, shadow: true }
  open:
    remember: 10m
    on_store_failure: admit
    raises: { only: { limit: 9, for: 2m } }
    limits: [{ name: only, algorithm: sliding-window, limit: 5, window: 4s }]
  kept:
    durable: true
    remember: 10m
    on_store_failure: deny
    raises: { only: { limit: 9, for: 2m } }
    limits: [{ name: only, algorithm: sliding-window, limit: 5, window: 4s }]
`;
}
