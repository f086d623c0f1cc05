import type { AlgorithmName } from '../../quota/algorithms/registry';
import type { MemoryAlgorithm } from './algorithm';
import { slidingWindow } from './sliding_window';
import { tokenBucket } from './token_bucket';

/** Every algorithm, by its name: a new one is a type error until it is here. */
export const MEMORY_ALGORITHMS: Readonly<Record<AlgorithmName, MemoryAlgorithm>> = {
  'sliding-window': slidingWindow,
  'token-bucket': tokenBucket,
};
