const MS_PER_S = 1_000;
const S_PER_MINUTE = 60;
const MINUTES_PER_HOUR = 60;
const S_PER_HOUR = S_PER_MINUTE * MINUTES_PER_HOUR;

/** A number never stands at the end of a line, without its unit. */
const NO_BREAK_SPACE = '\u00a0';

/**
 * A delay in words, in a language such as "en": "6 minutes 52 seconds", "2 hours 5 minutes". Rounded up, so that a reader who
 * waits so long never comes too early: to the second, and from one hour on to the minute.
 */
export function formatDelay(ms: number, language: string): string {
  const seconds = Math.ceil(Math.max(0, ms) / MS_PER_S);
  const words = partsOf(seconds)
    .filter(({ count }) => count > 0)
    .map(({ count, unit }) => wordsOf(count, unit, language));
  if (words.length === 0) return wordsOf(0, 'second', language);
  return listFormat(language).format(words);
}

type Unit = 'hour' | 'minute' | 'second';

function partsOf(seconds: number): { count: number; unit: Unit }[] {
  if (seconds < S_PER_HOUR) {
    return [
      { count: Math.floor(seconds / S_PER_MINUTE), unit: 'minute' },
      { count: seconds % S_PER_MINUTE, unit: 'second' },
    ];
  }
  const minutes = Math.ceil(seconds / S_PER_MINUTE);
  return [
    { count: Math.floor(minutes / MINUTES_PER_HOUR), unit: 'hour' },
    { count: minutes % MINUTES_PER_HOUR, unit: 'minute' },
  ];
}

function wordsOf(count: number, unit: Unit, language: string): string {
  return numberFormat(language, unit).format(count).replaceAll(' ', NO_BREAK_SPACE);
}

// To make a formatter takes many times as long as to use it, and pages show several delays each.
const listFormat = keepEach(
  (language: string) => new Intl.ListFormat(language, { type: 'unit', style: 'narrow' }),
);
const numberFormat = keepEach(
  (language: string, unit: Unit) =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }),
);

/** Makes each thing once. There are few: one for each language of the site, and unit. */
function keepEach<Args extends string[], T>(make: (...args: Args) => T): (...args: Args) => T {
  const kept = new Map<string, T>();
  return (...args) => {
    const key = args.join(' ');
    const found = kept.get(key) ?? make(...args);
    kept.set(key, found);
    return found;
  };
}
