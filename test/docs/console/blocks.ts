/** One command of a console block, and what the document says that it prints. */
export interface Command {
  /** Its place: FILE:LINE. */
  readonly place: string;
  readonly line: string;
  /** Undefined: not shown, and of no interest. */
  readonly output: string | undefined;
}

/**
 * A block that is run stands right below `<!-- run -->`, `<!-- run: daemon -->` if it starts a daemon of its own, or
 * `<!-- run: stack -->` if it needs the compose stack; above that, `<!-- before: COMMAND -->` brings about what the block supposes.
 */
export type Place = 'system' | 'daemon' | 'stack';

const BLOCK = /^(?:<!-- before: (.*) -->\n)?<!-- run(?:: (\w+))? -->\n```console\n([\s\S]*?)^```$/gm;

/** The commands of a document's marked blocks, in order. A command that ends with a backslash goes on in the next line. */
export function commandsOf(file: string, text: string, place: Place): Command[] {
  return [...text.matchAll(BLOCK)]
    .filter(([, , named = 'system']) => named === place)
    .flatMap((match) => {
      const [whole, before, , block = ''] = match;
      const fence = whole.slice(0, whole.indexOf('```console'));
      const lineNumber = text.slice(0, match.index).split('\n').length + fence.split('\n').length;
      const placeOf = (offset: number) => `${file}:${lineNumber + offset}`;
      const preparation =
        before === undefined ? [] : [{ place: placeOf(-2), line: before, output: undefined }];
      return [...preparation, ...commandsOfBlock(block, placeOf)];
    });
}

/** The places of a document's markers that none of these reads: of another place, or not right above a console block. */
export function unreadMarkersOf(file: string, text: string, places: readonly string[]): string[] {
  const lineAt = (index: number) => text.slice(0, index).split('\n').length;
  const read = [...text.matchAll(BLOCK)]
    .filter(([, , named = 'system']) => places.includes(named))
    .map((match) => lineAt(match.index + match[0].indexOf('<!-- run')));
  return [...text.matchAll(/^<!-- run/gm)]
    .map((match) => lineAt(match.index))
    .filter((line) => !read.includes(line))
    .map((line) => `${file}:${line}`);
}

function commandsOfBlock(block: string, placeOf: (offset: number) => string): Command[] {
  const commands: { place: string; line: string; output: string }[] = [];
  let isOpen = false;
  block
    .trimEnd()
    .split('\n')
    .forEach((text, offset) => {
      const last = commands.at(-1);
      if (isOpen && last) last.line += `\n${text}`;
      else if (text.startsWith('$ '))
        commands.push({ place: placeOf(offset), line: text.slice(2), output: '' });
      else if (last) last.output += `${text}\n`;
      isOpen = text.endsWith('\\') && (isOpen || text.startsWith('$ '));
    });
  return commands;
}

/** The files that a document shows: each block whose first line is a comment with the file's name. */
export function filesOf(text: string): ReadonlyMap<string, string> {
  const shown = [...text.matchAll(/^```\w+\n# (\S+\.\w+)\n([\s\S]*?)^```$/gm)];
  return new Map(shown.map(([, name = '', body = '']) => [name, body]));
}
