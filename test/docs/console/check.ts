import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, commandsOf, filesOf, type Place } from './blocks';
import { agrees } from './compare';
import type { Result } from './session';

const root = join(__dirname, '..', '..', '..');

/** The marked commands of the documents, in order. */
export function commandsOfDocuments(documents: readonly string[], place: Place): Command[] {
  return documents.flatMap((file) => commandsOf(file, readFileSync(join(root, file), 'utf8'), place));
}

/** The files that the documents show. */
export function filesOfDocuments(documents: readonly string[]): ReadonlyMap<string, string> {
  return new Map(documents.flatMap((file) => [...filesOf(readFileSync(join(root, file), 'utf8'))]));
}

/** Each command that did not print what its document shows, or whose preparation failed, in words; empty if there is none. */
export function differencesOf(commands: readonly Command[], results: readonly Result[]): string {
  return commands
    .map((command, index) => ({ ...command, ...results[index] }))
    .filter(({ output, printed = '', code }) =>
      output === undefined ? code !== 0 : code === undefined || !agrees(output, printed),
    )
    .map(
      ({ place, line, output, printed, code }) =>
        `${place}\n$ ${line}\nshown:\n${output ?? '(a preparation)'}\nprinted, with exit code ${code}:\n${printed}`,
    )
    .join('\n');
}
