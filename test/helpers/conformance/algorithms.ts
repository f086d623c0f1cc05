import type { Limit } from '../../../daemon/quota/limits';

/** Every algorithm is held to the same rules. */
export const ALGORITHMS: readonly Limit['algorithm'][] = ['sliding-window', 'token-bucket'];
