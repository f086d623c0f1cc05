import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const ROOT = join(__dirname, '../../..');
const CRUISER = join(ROOT, 'node_modules', '.bin', 'depcruise');
const CONFIG = join(ROOT, '.dependency-cruiser.cjs');

/** A violation of each rule, or several: who imports what. A name without a folder is a package. */
const VIOLATIONS: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['environment-alone', 'environment/a', 'daemon/a'],
  ['environment-alone', 'environment/a', 'web/a'],
  ['environment-alone', 'environment/a', 'scripts/a'],
  ['environment-alone', 'environment/a', 'gen/a'],
  ['environment-alone', 'environment/a', 'client/a'],
  ['generated-alone', 'gen/a', 'daemon/a'],
  ['generated-alone', 'gen/a', 'client/a'],
  ['client-alone', 'client/a', 'daemon/a'],
  ['client-alone', 'client/http/a', 'web/a'],
  ['client-alone', 'client/a', 'environment/a'],
  ['client-alone', 'client/a', 'pino'],
  ['daemon-not-web', 'daemon/a', 'client/a'],
  ['daemon-not-web', 'daemon/a', 'web/a'],
  ['daemon-not-web', 'daemon/a', 'scripts/a'],
  ['daemon-not-web', 'daemon/grpc/a', 'express'],
  ['daemon-not-web', 'daemon/quota/a', 'argon2'],
  ['daemon-main-only', 'daemon/grpc/a', 'daemon/config'],
  ['daemon-main-only', 'daemon/quota/a', 'daemon/config'],
  ['daemon-main-only', 'daemon/grpc/a', 'daemon/foundation'],
  ['config-not-grpc', 'daemon/config', 'daemon/grpc/a'],
  ['config-not-grpc', 'daemon/config', '@grpc/grpc-js'],
  ['config-not-store', 'daemon/config', 'daemon/redis/a'],
  ['quota-alone', 'daemon/quota/a', 'daemon/access/a'],
  ['quota-alone', 'daemon/quota/a', 'daemon/grpc/a'],
  ['quota-alone', 'daemon/quota/a', 'daemon/redis/a'],
  ['quota-alone', 'daemon/quota/algorithms/a', 'daemon/telemetry/a'],
  ['quota-alone', 'daemon/quota/a', 'environment/a'],
  ['quota-alone', 'daemon/quota/a', 'gen/a'],
  ['quota-alone', 'daemon/quota/a', 'ioredis'],
  ['redis-only-quota', 'daemon/redis/a', 'daemon/telemetry/a'],
  ['redis-only-quota', 'daemon/redis/limits/a', 'daemon/grpc/a'],
  ['redis-only-quota', 'daemon/redis/a', 'daemon/access/a'],
  ['redis-only-quota', 'daemon/redis/a', 'environment/a'],
  ['memory-only-quota', 'daemon/memory/a', 'daemon/redis/a'],
  ['outage-only-quota', 'daemon/outage/a', 'daemon/redis/a'],
  ['outage-only-quota', 'daemon/outage/a', 'ioredis'],
  ['recording-only-quota', 'daemon/recording/a', 'daemon/redis/a'],
  ['recording-only-quota', 'daemon/recording/a', 'daemon/backend/a'],
  ['backend-wires-stores', 'daemon/quota/a', 'daemon/backend/a'],
  ['backend-wires-stores', 'daemon/redis/a', 'daemon/backend/a'],
  ['access-only-quota', 'daemon/access/a', 'daemon/redis/a'],
  ['access-only-quota', 'daemon/access/a', '@grpc/grpc-js'],
  ['telemetry-apart', 'daemon/telemetry/a', 'daemon/redis/a'],
  ['telemetry-apart', 'daemon/telemetry/a', 'daemon/outage/a'],
  ['telemetry-apart', 'daemon/telemetry/a', 'daemon/grpc/a'],
  ['telemetry-apart', 'daemon/telemetry/a', 'daemon/workers/a'],
  ['grpc-not-store', 'daemon/grpc/quota/a', 'daemon/redis/a'],
  ['grpc-not-store', 'daemon/grpc/a', 'ioredis'],
  ['workers-apart', 'daemon/workers/a', 'daemon/redis/a'],
  ['workers-apart', 'daemon/workers/a', 'daemon/grpc/a'],
  ['audit-alone', 'scripts/audit/a', 'daemon/quota/a'],
  ['audit-alone', 'scripts/audit/checks/a', 'gen/a'],
  ['audit-alone', 'scripts/audit/a', 'scripts/console/a'],
  ['web-not-daemon', 'web/quota/a', 'daemon/quota/a'],
  ['web-not-daemon', 'web/a', 'scripts/a'],
  ['web-not-daemon', 'web/a', 'ioredis'],
  ['web-main-only', 'web/market/a', 'web/config'],
  ['web-main-only', 'web/pages/a', 'web/app'],
  ['web-rooms-not-pages', 'web/market/a', 'web/pages/a'],
  ['web-rooms-not-pages', 'web/accounts/a', 'web/pages/a'],
  ['web-rooms-not-pages', 'web/telemetry/a', 'web/pages/a'],
  ['web-rooms-not-pages', 'web/database', 'web/pages/a'],
  ['web-outbox-not-market', 'web/outbox/a', 'web/market/a'],
  ['server-not-browser', 'web/pages/a', 'web/browser/site/a'],
  ['browser-plain', 'web/browser/a', 'web/market/a'],
  ['browser-plain', 'web/browser/a', 'node:fs'],
];

/** Imports that no rule forbids. */
const ALLOWED: readonly (readonly [from: string, to: string])[] = [
  ['environment/a', 'environment/tracing/a'],
  ['daemon/main', 'daemon/config'],
  ['daemon/config', 'daemon/redis/usage/retention'],
  ['daemon/daemon', 'daemon/redis/a'],
  ['daemon/foundation', 'daemon/backend/a'],
  ['daemon/grpc/a', 'daemon/quota/a'],
  ['daemon/redis/a', 'daemon/quota/a'],
  ['daemon/redis/a', 'environment/redis/a'],
  ['daemon/grpc/a', 'gen/a'],
  ['client/a', 'gen/a'],
  ['web/quota/a', 'client/a'],
  ['web/quota/a', 'gen/a'],
  ['web/pages/a', 'web/market/a'],
  ['web/app', 'web/pages/a'],
  ['web/browser/a', 'web/i18n/delay'],
];

/** A view, which a parser without JSX cannot read. */
const VIEW = `import type { Thing } from '../browser/drawn';\nexport const view = (thing: Thing) => <p>{thing}</p>;\n`;

/** What depcruise found: the rule, who, and what it imports. */
interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

let project: string;
let violations: readonly Violation[];
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'import-rules-'));
  // All at once: to start the tool takes far longer than to look at these files.
  for (const [, from, to] of VIOLATIONS) plant(from, to);
  for (const [from, to] of ALLOWED) plant(from, to);
  write('web/browser/drawn', 'export type Thing = string;\n');
  writeFileSync(join(project, 'web/pages/drawn.tsx'), VIEW);
  const args = ['--config', CONFIG, '--output-type', 'json', '--no-progress', '.'];
  const { stdout } = spawnSync(CRUISER, args, { cwd: project, encoding: 'utf8' });
  violations = (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const isFile = (name: string) => name.includes('/') && !name.startsWith('@');

/** Adds an import of a type to a file, from another file or from a package. */
function plant(from: string, to: string): void {
  if (isFile(to)) write(to, 'export type Thing = string;\n');
  const target = isFile(to) ? `./${relative(dirname(from), to)}` : to;
  write(from, `export type { Thing } from '${target}';\n`);
}

function write(name: string, text: string): void {
  const file = join(project, `${name}.ts`);
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, text);
}

/** The rules that an import breaks. */
function brokenBy(from: string, to: string): string[] {
  const target = isFile(to) ? `${to}.ts` : to.replace('node:', '');
  return violations
    .filter((violation) => violation.from === `${from}.ts` && violation.to.startsWith(target))
    .map(({ rule }) => rule.name);
}

describe('import rules', () => {
  test.each(VIOLATIONS)('%s: %s may not import a type of %s', (rule, from, to) => {
    expect(brokenBy(from, to)).toContain(rule);
  });

  test.each(ALLOWED)('%s may import %s', (from, to) => {
    expect(brokenBy(from, to)).toEqual([]);
  });

  test('server-not-browser: a view that imports a type of a browser script is rejected', () => {
    const broken = violations.filter(({ from }) => from === 'web/pages/drawn.tsx');
    expect(broken.map(({ rule, to }) => [rule.name, to])).toEqual([
      ['server-not-browser', 'web/browser/drawn.ts'],
    ]);
  });

  test('every rule is broken by one of these', () => {
    const { stdout } = spawnSync(process.execPath, ['-p', `JSON.stringify(require('${CONFIG}').forbidden)`], {
      encoding: 'utf8',
    });
    const rules = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);

    expect([...new Set(VIOLATIONS.map(([rule]) => rule))]).toEqual(rules);
  });
});
