/** Throws a TypeError that names everything that is wrong at once. */
export function throwIfAny(faults: readonly string[]): void {
  if (faults.length > 0) throw new TypeError(faults.join('; '));
}
