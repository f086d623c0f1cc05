import type { Limit } from '../quota/client';

const MS_PER_S = 1_000;
const S_PER_MINUTE = 60;
const MINUTES_PER_HOUR = 60;

const CLOCK = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});

const MOMENT = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
});

/** A moment for a page: for people, and for the `datetime` attribute. */
export type PageTime = { text: string; iso: string };

/** "6 minutes 52 seconds", rounded up to the second, as Retry-After is. */
export function formatDelay(ms: number): string {
  const total = Math.max(1, Math.ceil(ms / MS_PER_S));
  const minutes = Math.floor(total / S_PER_MINUTE);
  const parts = [
    plural(Math.floor(minutes / MINUTES_PER_HOUR), 'hour'),
    plural(minutes % MINUTES_PER_HOUR, 'minute'),
    plural(total % S_PER_MINUTE, 'second'),
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}

/** The clock time that is so far ahead, in the server's time zone, which it names. */
export function clockIn(ms: number, now = Date.now()): PageTime {
  const moment = new Date(Math.ceil((now + ms) / MS_PER_S) * MS_PER_S);
  return { text: CLOCK.format(moment), iso: moment.toISOString() };
}

/** A day and a time, in the server's time zone, which it names. */
export function formatMoment(moment: Date): PageTime {
  return { text: MOMENT.format(moment), iso: moment.toISOString() };
}

/** " (at most 10 in 10 minutes)", for the limit that refused: the tightest, which the daemon lists first. */
export function describeLimit([tightest]: readonly Limit[]): string {
  if (tightest === undefined) return '';
  return ` (at most ${tightest.limit} in ${formatDelay(tightest.windowMs)})`;
}

function plural(count: number, unit: string): string | undefined {
  if (count === 0) return undefined;
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}
