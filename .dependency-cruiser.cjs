/**
 * Which way imports run, as one table; docs/report.md draws the same. Each rule: who, may not import what, and why. Imports
 * of types count; cycles are Biome's to find. `import_rules.test.ts` plants one violation of each rule.
 */
const RULES = [
  [
    'environment-alone',
    '^environment/',
    '^(client|daemon|web|scripts|gen|test)/',
    'Both programs use it, so it knows neither.',
  ],
  [
    'generated-alone',
    '^gen/',
    '^(client|daemon|web|scripts|environment|test)/',
    'Generated code knows nothing of what uses it.',
  ],

  [
    'client-alone',
    '^client/',
    '^(daemon|web|scripts|environment|test)/|(^|/)(ioredis|pino|prom-client)(/|$)',
    'A package for any program: it knows the generated stubs alone.',
  ],

  [
    'daemon-not-web',
    '^daemon/',
    '^(client|web|scripts|test)/|(^|/)(express|mysql2|argon2)(/|$)',
    'The daemon knows nothing of the web tier.',
  ],
  [
    'daemon-main-only',
    '^daemon/[^/]+/',
    '^daemon/(main|daemon|foundation|config|policies_file|secure_listener)\\.ts$',
    'main, daemon and foundation wire; nothing else reads settings.',
  ],
  [
    'config-not-grpc',
    '^daemon/config\\.ts$',
    '^daemon/(grpc|telemetry|workers)/|(^|/)@grpc/',
    'Settings are read before anything runs.',
  ],
  [
    'config-not-store',
    '^daemon/config\\.ts$',
    '^daemon/redis/(?!usage/retention\\.ts$)|(^|/)ioredis(/|$)',
    'Of a store, settings know the bounds alone.',
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
    '^daemon/(?!redis/|quota/)|^(environment/(?!redis/)|gen/)|(^|/)(@grpc|prom-client)(/|$)',
    'Imports run grpc → quota ← redis, which shares with other programs only what a URL of Redis means.',
  ],
  [
    'memory-only-quota',
    '^daemon/memory/',
    '^daemon/(?!memory/|quota/)|^(environment|gen)/|(^|/)(@grpc|ioredis|prom-client)(/|$)',
    'A store knows the rules, and no other store.',
  ],
  [
    'outage-only-quota',
    '^daemon/outage/',
    '^daemon/(?!outage/|quota/|memory/)|^(environment|gen)/|(^|/)(@grpc|ioredis|prom-client)(/|$)',
    'What decides during an outage knows the store that failed by its contract only.',
  ],
  [
    'recording-only-quota',
    '^daemon/recording/',
    '^daemon/(?!recording/|quota/)|^(environment|gen)/|(^|/)(@grpc|ioredis|prom-client)(/|$)',
    'What is recorded is what the rules know of a store.',
  ],
  [
    'backend-wires-stores',
    '^daemon/(?!backend/|(daemon|foundation)\\.ts$)',
    '^daemon/backend/',
    'The foundation chooses what the daemon stands on; nothing else knows the choice.',
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
    '^daemon/(redis|memory|outage|backend|grpc|workers)/|^gen/|(^|/)@grpc/',
    'What is observed reports to telemetry; it looks at nothing by itself.',
  ],
  [
    'grpc-not-store',
    '^daemon/grpc/',
    '^daemon/(redis|memory|outage|backend|workers)/|(^|/)ioredis(/|$)',
    'Imports run grpc → quota ← redis.',
  ],
  [
    'workers-apart',
    '^daemon/workers/',
    '^daemon/(redis|memory|outage|backend|grpc|access)/|^gen/|(^|/)(@grpc|ioredis)(/|$)',
    'Each worker is a whole daemon, which only main wires.',
  ],

  [
    'audit-alone',
    '^scripts/audit/',
    '^(daemon|environment|gen|web|test)/|^scripts/(?!audit/)',
    'What checks the daemon shares no code with it.',
  ],

  [
    'web-not-daemon',
    '^web/',
    '^(daemon|scripts|test)/|(^|/)ioredis(/|$)',
    'The web tier knows of the daemon only the generated stubs.',
  ],
  [
    'web-main-only',
    '^web/[^/]+/',
    '^web/(main|app|config)\\.ts$',
    'main and app wire; nothing else reads settings.',
  ],
  [
    'web-rooms-not-pages',
    '^web/(?!pages/|browser/|app\\.ts$)',
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

// dependency-cruiser 17, the last for Node 20, reads JSX only if swc is asked to; 18 asks it by itself.
const swc = require('@swc/core');

const { parseFileSync } = swc;
swc.parseFileSync = (file, options) => parseFileSync(file, { ...options, tsx: file.endsWith('.tsx') });

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
    exclude: { path: '^(dist|client/lib)/' },
  },
};
