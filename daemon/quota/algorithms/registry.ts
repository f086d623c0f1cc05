import type { LimitAlgorithm } from './algorithm';
import { slidingWindow } from './sliding_window';
import { tokenBucket } from './token_bucket';

/** Every algorithm that a limit may have, in the order in which messages name them. */
export const ALGORITHMS = [slidingWindow, tokenBucket] as const satisfies readonly LimitAlgorithm[];

export type AlgorithmName = (typeof ALGORITHMS)[number]['name'];

export const ALGORITHM_NAMES: readonly AlgorithmName[] = ALGORITHMS.map(({ name }) => name);

const byName: ReadonlyMap<string, LimitAlgorithm> = new Map(ALGORITHMS.map((each) => [each.name, each]));

export function algorithmOf({ algorithm }: { readonly algorithm: AlgorithmName }): LimitAlgorithm {
  const found = byName.get(algorithm);
  if (found === undefined) throw new Error(`no algorithm is named ${algorithm}`);
  return found;
}

export function isAlgorithmName(value: unknown): value is AlgorithmName {
  return typeof value === 'string' && byName.has(value);
}
