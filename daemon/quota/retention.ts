import { HOUR_MS, MAX_HOUR_COUNT } from './usage';

/**
 * The hours of decisions that can be asked for, and one more, so that none is gone when an hour begins while they are
 * read. In a partition that is three fields an hour and policy at most.
 */
export const HOURS_KEPT_MS = (MAX_HOUR_COUNT + 1) * HOUR_MS;

/**
 * A repeat of a recorded call's request id within this time is not counted again: the contract's 24 hours. A web tier
 * hands its calls over until they are acknowledged, so it may repeat one after an outage of hours.
 */
export const CALL_REMEMBERED_MS = 24 * HOUR_MS;
