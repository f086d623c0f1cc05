import type { RequestHandler, Response } from 'express';
import { formatDelay } from './delay';
import { type Language, languageOf, REGIONS } from './languages';
import { createMessages, type MessageKey, type MessageValues } from './messages';

const MS_PER_S = 1_000;
const CENTS_PER_EURO = 100;

/** A moment for a page: for people, and for the `datetime` attribute. */
export type PageTime = { text: string; iso: string };

/** Says things in one language. Times are shown in the site's time zone. */
export type Translator = {
  language: Language;
  /** A sentence of `locales/`, as text: a view escapes it. */
  t(key: MessageKey, values?: MessageValues): string;
  /** "1,024", "1 024". */
  number(value: number): string;
  /** "€12.50", "12,50 €". */
  price(cents: number): string;
  /** "12.50", "12,50": a price as it is typed. */
  amount(cents: number): string;
  /** "22 Nov 2026, 20:14", "22 nov. 2026, 20:14". */
  moment(date: Date): PageTime;
  /** "20:14:07": so many milliseconds from now, rounded up to the second. */
  clockIn(ms: number, now?: number): PageTime;
  /** "6 minutes 52 seconds", rounded up to the second, as Retry-After is. */
  delay(ms: number): string;
};

/** Gives each answer its translator. `timeZone` is an IANA name. Example: "Europe/Paris". */
export function speak(timeZone: string): RequestHandler {
  const translators = { en: createTranslator('en', timeZone), fr: createTranslator('fr', timeZone) };
  return (req, res, next) => {
    res.locals.translator = translators[languageOf(req)];
    next();
  };
}

/** The translator of the answer that is being written. */
export function translatorOf(res: Response): Translator {
  return res.locals.translator;
}

/** Makes the translator of one language. */
export function createTranslator(language: Language, timeZone: string): Translator {
  const region = REGIONS[language];
  const number = new Intl.NumberFormat(region);
  const price = new Intl.NumberFormat(region, { style: 'currency', currency: 'EUR' });
  const amount = new Intl.NumberFormat(region, { minimumFractionDigits: 2, useGrouping: false });
  const moment = new Intl.DateTimeFormat(region, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  const clock = new Intl.DateTimeFormat(region, { timeStyle: 'medium', timeZone });
  return {
    language,
    t: createMessages(language),
    number: (value) => number.format(value),
    price: (cents) => price.format(cents / CENTS_PER_EURO),
    amount: (cents) => amount.format(cents / CENTS_PER_EURO),
    moment: (date) => ({ text: moment.format(date), iso: date.toISOString() }),
    clockIn(ms, now = Date.now()) {
      const date = new Date(Math.ceil((now + ms) / MS_PER_S) * MS_PER_S);
      return { text: clock.format(date), iso: date.toISOString() };
    },
    delay: (ms) => formatDelay(ms, language),
  };
}
