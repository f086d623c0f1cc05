/** If a name has more words, the later splits are not tried. */
const MAX_SPLITS = 3;

/** Escapes wildcards after `LIKE`; a backslash is then an ordinary character. */
const ESCAPE = '!';

/** The condition of every query for users. A deleted account keeps its row, and is never found (deleted_users.ts). */
export const EXISTS = "u.role <> 'deleted'";

type Part = { condition: string; orderBy: string; values: string[] };

/** A part of a statement, and the values of its placeholders. */
export type SearchedIds = { sql: string; values: string[] };

/**
 * Finds the ids of those whose first name, last name or email begins with a text, or whose first and last name begin with
 * its two halves, either way round. Each part reads an index in its order and stops at the limit, so that a search stays
 * quick however many users there are: that is why a name is found by its beginning, and not by its middle. Deleted users are
 * left to the caller, as their role is in none of these indexes: their names are empty, and only a search for `deleted-` finds them.
 */
export function searchedIds(text: string, limit: number): SearchedIds {
  const words = text.normalize('NFC').trim().split(/\s+/);
  const parts = [...byOneField(words.join(' ')), ...halvesOf(words).flatMap(byBothNames)];
  const selects = parts.map(
    ({ condition, orderBy }) =>
      `(SELECT u.id FROM users u WHERE ${condition} ORDER BY ${orderBy} LIMIT ${limit})`,
  );
  return { sql: selects.join(' UNION '), values: parts.flatMap(({ values }) => values) };
}

function byOneField(text: string): Part[] {
  const values = [beginning(text)];
  return [
    { condition: begins('u.last_name'), orderBy: BY_LAST_NAME, values },
    { condition: begins('u.first_name'), orderBy: BY_FIRST_NAME, values },
    { condition: begins('u.email'), orderBy: 'u.email', values },
  ];
}

function byBothNames([first, second]: [string, string]): Part[] {
  const values = [beginning(first), beginning(second)];
  return [
    { condition: `${begins('u.last_name')} AND ${begins('u.first_name')}`, orderBy: BY_LAST_NAME, values },
    { condition: `${begins('u.first_name')} AND ${begins('u.last_name')}`, orderBy: BY_FIRST_NAME, values },
  ];
}

// In the order of the indexes.
const BY_LAST_NAME = 'u.last_name, u.first_name, u.id';
const BY_FIRST_NAME = 'u.first_name, u.last_name, u.id';

/** "Marie de Brie": "Marie" and "de Brie", "Marie de" and "Brie". */
function halvesOf(words: readonly string[]): [string, string][] {
  return words
    .slice(1, 1 + MAX_SPLITS)
    .map((_, index) => [words.slice(0, index + 1).join(' '), words.slice(index + 1).join(' ')]);
}

function begins(column: string): string {
  return `${column} LIKE ? ESCAPE '${ESCAPE}'`;
}

function beginning(text: string): string {
  return `${text.replaceAll(/[!%_]/g, `${ESCAPE}$&`)}%`;
}
