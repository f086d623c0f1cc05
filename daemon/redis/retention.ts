import { HOUR_MS, MAX_HOUR_COUNT, MAX_TOP_WINDOW_MS } from '../quota/usage';

/** A repeat of a request id within this time gets the first answer again: the contract's ten minutes. */
export const REQUEST_REMEMBERED_MS = 10 * 60 * 1000;

/**
 * A repeat of a recorded call's request id within this time is not counted again: the contract's 24 hours. A web tier
 * hands its calls over until they are acknowledged, so it may repeat one after an outage of hours. A call's memory
 * takes some 200 bytes with a short subject, 340 with the longest: a million calls a day, 200 megabytes.
 */
export const CALL_REMEMBERED_MS = 24 * HOUR_MS;

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
export const LOG_KEPT_MS = MAX_TOP_WINDOW_MS + HOUR_MS;

/**
 * The hours of decisions that can be asked for, and one more, so that none is gone when an hour begins while they are
 * read. In a partition that is two fields an hour and policy at most: 90 kilobytes with three policies.
 */
export const DECISION_HOURS_KEPT_MS = (MAX_HOUR_COUNT + 1) * HOUR_MS;
