import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const MODULES = join(ROOT, 'node_modules');
const NAME = '@etuservices/quota-client';

/** The client as `npm pack` makes it. */
export interface PackedClient {
  readonly file: string;
  /** The paths in the tarball, without the folder that all begin with. */
  readonly paths: readonly string[];
  /** A project without packages, and a copy of the tarball in it. */
  project(): string;
  /** A project with the package and these others, as npm would install them, but with no registry. */
  install(packages: readonly string[]): string;
  remove(): void;
}

/** Packs the client. One at a time: it is compiled in its folder. */
export async function packClient(): Promise<PackedClient> {
  const folder = mkdtempSync(join(tmpdir(), 'packed-client-'));
  const { stdout } = await run('npm', ['pack', './client', '--json', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const file = join(folder, nameIn(stdout));
  const listed = await run('tar', ['-tzf', file]);
  const unpacked = join(folder, 'unpacked');
  mkdirSync(unpacked);
  await run('tar', ['-xzf', file, '-C', unpacked]);
  let count = 0;
  function project(): string {
    count += 1;
    const target = join(folder, `project-${count}`);
    mkdirSync(target);
    writeFileSync(join(target, 'package.json'), '{ "private": true }\n');
    cpSync(file, join(target, basename(file)));
    return target;
  }
  return {
    file,
    paths: listed.stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''))
      .sort(),
    project,
    install(packages) {
      const target = project();
      install({ target, source: join(unpacked, 'package'), packages });
      return target;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** npm 11 returns a list; later ones an object by name. */
function nameIn(json: string): string {
  const filename = /"filename":\s*"([^"]+)"/.exec(json)?.[1];
  if (filename === undefined) throw new Error(`npm pack named no file: ${json}`);
  return filename;
}

type Installing = { target: string; source: string; packages: readonly string[] };

/** The package as a copy, and its dependencies as links to those that are installed here. */
function install({ target, source, packages }: Installing): void {
  cpSync(source, join(target, 'node_modules', NAME), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of new Set([...Object.keys(manifest.dependencies), ...packages])) {
    const link = join(target, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(MODULES, name), link);
  }
}
