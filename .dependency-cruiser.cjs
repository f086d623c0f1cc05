/**
 * Which way imports run, as one table; docs/report.md draws the same. Each rule: who, may not import what, and why. Imports
 * of types count; cycles are Biome's to find. `import_rules.test.ts` plants one violation of each rule.
 */
const RULES = [
  [
    'environment-alone',
    '^environment/',
    '^(daemon|web|scripts|gen|test)/',
    'Both programs use it, so it knows neither.',
  ],
  [
    'generated-alone',
    '^gen/',
    '^(daemon|web|scripts|environment|test)/',
    'Generated code knows nothing of what uses it.',
  ],

  [
    'daemon-not-web',
    '^daemon/',
    '^(web|scripts|test)/|(^|/)(express|mysql2)(/|$)',
    'The daemon knows nothing of the web tier.',
  ],
  [
    'daemon-main-only',
    '^daemon/[^/]+/',
    '^daemon/(main|config|policies_file|secure_listener)\\.ts$',
    'main wires; nothing else reads settings.',
  ],
  [
    'config-not-grpc',
    '^daemon/config\\.ts$',
    '^daemon/(grpc|telemetry|workers)/|(^|/)@grpc/',
    'Settings are read before anything runs.',
  ],
  [
    'quota-alone',
    '^daemon/quota/',
    '^daemon/(?!quota/)|^(environment|gen)/|(^|/)(@grpc|ioredis|pino|prom-client)(/|$)',
    'The rules know neither gRPC nor Redis, nor who may call.',
  ],
  [
    'redis-only-quota',
    '^daemon/redis/',
    '^daemon/(?!redis/|quota/)|^(environment|gen)/|(^|/)(@grpc|prom-client)(/|$)',
    'Imports run grpc → quota ← redis.',
  ],
  [
    'memory-only-quota',
    '^daemon/memory/',
    '^daemon/(?!memory/|quota/)|^(environment|gen)/|(^|/)(@grpc|ioredis|prom-client)(/|$)',
    'A store knows the rules, and no other store.',
  ],
  [
    'access-only-quota',
    '^daemon/access/',
    '^daemon/(?!access/|quota/)|^gen/|(^|/)(@grpc|ioredis|prom-client)(/|$)',
    'Who may call what is decided without gRPC and Redis.',
  ],
  [
    'telemetry-apart',
    '^daemon/telemetry/',
    '^daemon/(redis|memory|grpc|workers)/|^gen/|(^|/)@grpc/',
    'What is observed reports to telemetry; it looks at nothing by itself.',
  ],
  [
    'grpc-not-store',
    '^daemon/grpc/',
    '^daemon/(redis|memory|workers)/|(^|/)ioredis(/|$)',
    'Imports run grpc → quota ← redis.',
  ],
  [
    'workers-apart',
    '^daemon/workers/',
    '^daemon/(redis|memory|grpc|access)/|^gen/|(^|/)(@grpc|ioredis)(/|$)',
    'Each worker is a whole daemon, which only main wires.',
  ],

  [
    'web-not-daemon',
    '^web/',
    '^(daemon|scripts|test)/|(^|/)ioredis(/|$)',
    'The web tier knows of the daemon only the generated stubs.',
  ],
  [
    'web-rooms-not-pages',
    '^web/(accounts|i18n|market|outbox|quota)/',
    '^web/pages/',
    'Pages show what the rooms behind them do; never the other way.',
  ],
  [
    'web-outbox-not-market',
    '^web/(outbox|i18n|quota)/',
    '^web/(market|accounts)/',
    'The market writes to the outbox, which knows nothing of articles.',
  ],
  [
    'server-not-browser',
    '^web/(?!browser/)',
    '^web/browser/',
    "The server knows the browser's scripts by their addresses only.",
  ],
  [
    'browser-plain',
    '^web/browser/',
    '^(?!web/browser/|environment/back_off\\.ts$|web/i18n/delay\\.ts$|web/pages/statistics/board\\.ts$|node_modules/)',
    "A browser's script shares with the server only the plain modules that are named here.",
  ],
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: RULES.map(([name, from, to, comment]) => ({
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { path: to },
  })),
  options: {
    // TypeScript 7 has no interface for other tools; swc reads the types as well.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
  },
};
