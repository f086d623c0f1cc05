import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The example in a section of a document. */
export interface Example {
  /** Each block that begins with a comment that is a file's name. */
  readonly files: ReadonlyMap<string, string>;
  /** The blocks of commands, in order, unchanged. */
  readonly commands: readonly string[];
  /** The packages of Node that it installs, without files. */
  readonly packages: readonly string[];
}

/** The example below a heading. Throws if there is none. */
export function readExample(document: string, heading: string): Example {
  const text = readFileSync(document, 'utf8');
  const [, section] = text.split(`\n## ${heading}\n`);
  if (section === undefined) throw new Error(`${document} has no section "${heading}"`);
  const blocks = [...(section.split('\n## ')[0] ?? '').matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const files = new Map<string, string>();
  const commands: string[] = [];
  for (const [, language = '', body = ''] of blocks) {
    const name = /^(?:\/\/|#) (\S+\.\w+)\n/.exec(body)?.[1];
    if (language === 'sh') commands.push(body.trim());
    else if (name !== undefined) files.set(name, body);
  }
  if (files.size === 0) throw new Error(`the section "${heading}" shows no file`);
  return { files, commands, packages: packagesIn(commands) };
}

/** Writes the files of an example. */
export function writeExample({ files }: Example, folder: string): void {
  for (const [name, body] of files) writeFileSync(join(folder, name), body);
}

function packagesIn(commands: readonly string[]): string[] {
  const lines = commands.flatMap((block) => block.split('\n'));
  const installed = lines.flatMap((line) => /^npm install (.*)$/.exec(line)?.[1]?.split(' ') ?? []);
  return installed.filter((name) => !name.startsWith('./'));
}
