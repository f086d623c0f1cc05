/** Reads Redis's flat `[member, score, member, score, ...]` as pairs. */
export function pairs(flat: readonly string[]): [member: string, score: string][] {
  return flat.flatMap((member, at): [string, string][] =>
    at % 2 === 0 ? [[member, flat[at + 1] ?? '']] : [],
  );
}
