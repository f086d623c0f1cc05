import { type Language, REGIONS } from '../../i18n/languages';

const HOUR_MS = 60 * 60 * 1_000;

/** Names hours in one language, by the clocks of one time zone. */
export type HourNames = {
  /** "Sun 22, 14:00", "dim. 22 14:00"; with the zone if the clocks show it twice: "Sun 25, 02:00 CEST". */
  hour(start: Date): string;
  /** "Sun 22", "dim. 22". */
  day(start: Date): string;
};

/** `timeZone` is an IANA name. */
export function createHourNames(language: Language, timeZone: string): HourNames {
  const region = REGIONS[language];
  const day = { weekday: 'short', day: 'numeric', timeZone } as const;
  const hour = { ...day, hour: '2-digit', minute: '2-digit' } as const;
  const hourFormat = new Intl.DateTimeFormat(region, hour);
  const zonedFormat = new Intl.DateTimeFormat(region, { ...hour, timeZoneName: 'short' });
  const dayFormat = new Intl.DateTimeFormat(region, day);
  const isShownTwice = (start: Date) =>
    [-HOUR_MS, HOUR_MS].some((ms) => hourFormat.format(start.getTime() + ms) === hourFormat.format(start));
  return {
    hour: (start) => (isShownTwice(start) ? zonedFormat : hourFormat).format(start),
    day: (start) => dayFormat.format(start),
  };
}
