/** A change of one place of a Lua file. */
export interface Mutant {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly before: string;
  /** The line instead; empty if it is dropped. */
  readonly after: string;
}

/** What is replaced, at each of its places by itself. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/ <= /g, ' < '],
  [/ < /g, ' <= '],
  [/ >= /g, ' > '],
  [/ > /g, ' >= '],
  [/ == /g, ' ~= '],
  [/ ~= /g, ' == '],
  [/ \+ 1\b/g, ' + 0'],
  [/ \+ (?!1\b)/g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' + '],
  [/ \/ /g, ' * '],
  [/math\.max/g, 'math.min'],
  [/math\.min/g, 'math.max'],
  [/math\.ceil/g, 'math.floor'],
  [/math\.floor/g, 'math.ceil'],
  [/\bnot /g, ''],
  [/ and /g, ' or '],
  [/ or /g, ' and '],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/'\('/g, "''"],
  [/'\+inf'/g, 'now_text'],
];

const WRITES =
  /redis\.p?call\('(ZADD|ZREM|ZREMRANGEBYRANK|ZINCRBY|HSET|HDEL|HINCRBY|DEL|UNLINK|SADD|SET|XADD|XTRIM|PEXPIRE)'/;

/** Calls for their effect alone. */
const EFFECT =
  /^\s*(takings|limits|limit\.algorithm|log|refund|refunds|control|state|windows|hours|recent|logs|declared|fold|record)[.\w]*\(|^\s*\w+(_\w+)*\(.*\)$/;

/** Every mutant of a file: a comparison, an operator, a bound changed; a line that writes dropped. */
export function mutantsOf(file: string, text: string): Mutant[] {
  return text.split('\n').flatMap((whole, at) => {
    const [code = '', ...comment] = whole.split(' --');
    if (/^\s*(--|$)/.test(whole)) return [];
    const rest = comment.map((part) => ` --${part}`).join('');
    const changed = REPLACEMENTS.flatMap(([pattern, by]) =>
      [...code.matchAll(pattern)].map(
        ({ index, 0: found }) => code.slice(0, index) + by + code.slice(index + found.length) + rest,
      ),
    );
    const isDroppable = /^\s*(redis\.|if .* then .* end$)/.test(code) ? WRITES.test(code) : EFFECT.test(code);
    return [...changed, ...(isDroppable ? [''] : [])].map((after) => ({
      file,
      line: at + 1,
      before: whole,
      after,
    }));
  });
}

export function apply(text: string, { line, after }: Mutant): string {
  return text
    .split('\n')
    .map((whole, at) => (at + 1 === line ? after : whole))
    .join('\n');
}
