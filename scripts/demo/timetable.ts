import type { Random } from './random';

const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;

/** From one moment to the next: more than any window of the policies, so that each begins afresh; 20 minutes on average. */
const LEAST_STEP_MS = 12 * MINUTE_MS;
const MOST_STEP_MS = 28 * MINUTE_MS;

/** Longer than the playing takes. */
const PLAYING_MS = 2 * MINUTE_MS;

/** The students are in France. */
const TIME_ZONE = 'Europe/Paris';

const DAY_FORMAT = new Intl.DateTimeFormat('en-GB', {
  weekday: 'long',
  day: 'numeric',
  month: 'long',
  timeZone: TIME_ZONE,
});
const CLOCK_FORMAT = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone: TIME_ZONE,
});
const WEEKEND = /^(Saturday|Sunday)/;

/** How much is done in each hour of a working day: quiet nights, busy lunches and evenings. */
const BUSTLE = [2, 1, 0, 0, 0, 0, 1, 3, 5, 5, 5, 6, 13, 12, 6, 5, 6, 8, 11, 13, 15, 14, 9, 4];
const WEEKEND_BUSTLE = 0.7;

/** A moment of the past that is played. */
export interface Moment {
  readonly ms: number;
  /** Example: "Sunday 22 November". */
  readonly day: string;
  /** Example: "18:40". */
  readonly clock: string;
  /** How much is done then, up to 15. */
  readonly bustle: number;
}

/**
 * The moments to play, the oldest first, the last one now: those in the last hours as the statistics count them, which is
 * from the beginning of an hour on.
 */
export function momentsBefore(nowMs: number, { hours, random }: { hours: number; random: Random }): Moment[] {
  const isHourEnding = (nowMs % HOUR_MS) + PLAYING_MS >= HOUR_MS;
  const spanMs = (hours - 1) * HOUR_MS + (isHourEnding ? 0 : nowMs % HOUR_MS);
  const moments: Moment[] = [];
  for (let ms = nowMs; ms >= nowMs - spanMs; ms -= random.between(LEAST_STEP_MS, MOST_STEP_MS)) {
    moments.push(momentAt(ms));
  }
  return moments.reverse();
}

function momentAt(ms: number): Moment {
  const day = DAY_FORMAT.format(ms);
  const clock = CLOCK_FORMAT.format(ms);
  const ofHour = BUSTLE[Number.parseInt(clock, 10)] ?? 0;
  return { ms, day, clock, bustle: WEEKEND.test(day) ? ofHour * WEEKEND_BUSTLE : ofHour };
}
