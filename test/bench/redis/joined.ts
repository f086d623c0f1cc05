/** The entries of a joined call. */
export const JOINED = 32;

/** What stands before the number in the subject of an entry. */
export function joinedPrefix(entry: number): string {
  return `${String(entry).padStart(2, '0')}-`;
}
