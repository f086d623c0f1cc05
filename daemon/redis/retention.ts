import { MAX_TOP_WINDOW_MS } from '../quota/usage';

/** A repeat of a request id within this time gets the first answer again: the contract's ten minutes. */
export const REQUEST_REMEMBERED_MS = 10 * 60 * 1000;

/** The counts of a window other than the default one go when nobody has asked for them for this long. */
export const IDLE_WINDOW_KEPT_MS = 10 * 60 * 1000;

/**
 * What the log of decisions holds at most in a partition: some 12 megabytes with short subjects; 160 at the worst, when
 * each decision is of another subject of the greatest length.
 */
export const DECISIONS_KEPT = 250_000;

/** How many windows other than the default one are kept in a partition: those asked for last. */
export const WINDOWS_KEPT = 8;

/** An hour more than the longest window, so that no window loses entries that it has still to take off. */
export const LOG_KEPT_MS = MAX_TOP_WINDOW_MS + 60 * 60 * 1000;
