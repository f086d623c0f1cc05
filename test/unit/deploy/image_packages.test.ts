import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

const ROOT = join(__dirname, '../../..');
const ESBUILD = join(ROOT, 'node_modules', '.bin', 'esbuild');
const WORKSPACES = ['.', 'environment', 'client', 'daemon', 'web'] as const;

/** The workspaces that the programs depend on. */
const SHARED = ['environment', 'client'] as const;

/** What each image runs: its program, its health probe, and the operators' commands that docs/operations.md runs in it. */
const ENTRIES = {
  daemon: [
    'daemon/main.ts',
    ...['health_probe', 'policies_check', 'policies_replay', 'subject_hash', 'token_new'].map(script),
  ],
  web: [
    'web/main.ts',
    ...['health_probe', 'migrate', 'user_add', 'user_delete', 'user_password'].map(script),
  ],
} as const;

/** What is run and not imported: pino starts it in a thread of its own, deploy/logs.sh as a command. */
const RUN_BY_NAME: Readonly<Record<string, readonly string[]>> = { daemon: ['pino-pretty'], web: [] };

const metafile = z.object({
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(
    z.string(),
    z.object({ imports: z.array(z.object({ path: z.string(), external: z.boolean().optional() })) }),
  ),
});

const manifest = z.object({
  name: z.string(),
  dependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
});

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'image-packages-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string): string {
  return `scripts/${name}.ts`;
}

/** All that the files import, directly or not, without what is erased with the types. */
function importsOf(entries: readonly string[]): { files: string[]; packages: string[] } {
  const file = join(folder, 'metafile.json');
  const options = ['--bundle', '--packages=external', '--platform=node', '--log-level=error'];
  const { status, stderr } = spawnSync(
    ESBUILD,
    [...entries, ...options, `--outdir=${join(folder, 'out')}`, `--metafile=${file}`],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const { inputs, outputs } = metafile.parse(JSON.parse(readFileSync(file, 'utf8')));
  const paths = Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  const names = paths.filter((path) => !path.startsWith('node:') && !builtinModules.includes(path));
  return { files: Object.keys(inputs), packages: [...new Set(names.map(packageName))].sort() };
}

/** The files and folders of the site that the Dockerfile leaves in the daemon's image. */
function keptOfTheSite(): string[] {
  const line = /find images\/daemon\/web .*/.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'))?.[0] ?? '';
  return [...line.matchAll(/! -name (\S+)/g)].map(([, name = '']) => name.replace(/\.js$/, '.ts'));
}

/** Example: "@bufbuild/protobuf" of "@bufbuild/protobuf/wire". */
function packageName(path: string): string {
  return path.split('/', path.startsWith('@') ? 2 : 1).join('/');
}

function manifestOf(workspace: string) {
  return manifest.parse(JSON.parse(readFileSync(join(ROOT, workspace, 'package.json'), 'utf8')));
}

/** What `npm ci --workspace` installs: the package's own, and those of the workspaces that it depends on. */
function installed(workspace: string): string[] {
  const own = Object.keys(manifestOf(workspace).dependencies);
  const shared = SHARED.map(manifestOf).filter(({ name }) => own.includes(name));
  const names = shared.map(({ name }) => name);
  const all = [...own, ...shared.flatMap(({ dependencies }) => Object.keys(dependencies))];
  return [...new Set(all)].filter((name) => !names.includes(name)).sort();
}

describe('the packages of the images', () => {
  test.each(Object.entries(ENTRIES))(
    '%s: what is listed is exactly what its image runs',
    (image, entries) => {
      const run = [...new Set([...importsOf(entries).packages, ...(RUN_BY_NAME[image] ?? [])])].sort();

      expect(installed(image)).toEqual(run);
    },
  );

  test('the daemon has nothing of the site, and the site nothing of Redis', () => {
    expect(
      installed('daemon').filter((name) => /express|mysql|argon2|zxcvbn|csrf|preact/.test(name)),
    ).toEqual([]);
    expect(installed('web').filter((name) => /redis|cluster-key-slot|reflection/.test(name))).toEqual([]);
  });

  test('the daemon has only files of the site that its image keeps', () => {
    const kept = keptOfTheSite();
    const ofTheSite = importsOf(ENTRIES.daemon).files.filter((file) => file.startsWith('web/'));

    expect(ofTheSite.filter((file) => !kept.includes(file.split('/')[1] ?? ''))).toEqual([]);
  });

  test('the daemon has no file of the client, which its image lacks', () => {
    expect(importsOf(ENTRIES.daemon).files.filter((file) => file.startsWith('client/'))).toEqual([]);
  });

  test('the site has no file of the daemon', () => {
    expect(importsOf(ENTRIES.web).files.filter((file) => file.startsWith('daemon/'))).toEqual([]);
  });

  test('one range for each package, wherever it is listed', () => {
    const ranges = new Map<string, Set<string>>();
    for (const { dependencies, devDependencies } of WORKSPACES.map(manifestOf)) {
      for (const [name, range] of Object.entries({ ...dependencies, ...devDependencies }))
        ranges.set(name, (ranges.get(name) ?? new Set()).add(range));
    }

    expect([...ranges].filter(([, each]) => each.size > 1)).toEqual([]);
  });
});
