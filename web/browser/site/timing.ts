import { backOff } from '../../../environment/back_off';

const MS_PER_S = 1_000;

const RETRY = { minMs: 5_000, maxMs: 300_000 };

/** Time until the displayed second changes. */
export function msUntilNextSecond(leftMs: number): number {
  return leftMs - (Math.ceil(leftMs / MS_PER_S) - 1) * MS_PER_S;
}

/**
 * The pause after so many failures in a row, 1 or more: doubled each time, up to five minutes. `random`, from 0 to 1,
 * shortens it by up to half, so that pages which failed together do not retry together.
 */
export function retryDelayMs(failures: number, random: number): number {
  return backOff(failures, RETRY) * (1 - random / 2);
}
