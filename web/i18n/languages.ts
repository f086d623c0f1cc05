import type { Request, Response } from 'express';

/** The site's languages; the first is the default. */
export const LANGUAGES = ['fr', 'en'] as const;

export type Language = (typeof LANGUAGES)[number];

/** The locale of a language's dates, numbers and prices. */
export const REGIONS: Record<Language, string> = { en: 'en-GB', fr: 'fr-FR' };

/** For a reader who asks for other languages only. */
const FOREIGN: Language = 'en';

const COOKIE_NAME = 'language';

/** The longest that browsers keep a cookie: 400 days (RFC 6265bis, 5.5). */
const REMEMBERED_MS = 400 * 24 * 60 * 60 * 1_000;

/** The language that the reader has chosen, or else the browser asks for; without Accept-Language, the site's first. */
export function languageOf(req: Request): Language {
  const chosen = parseLanguage(req.cookies[COOKIE_NAME]);
  if (chosen !== undefined) return chosen;
  if (!req.headers['accept-language']?.trim()) return LANGUAGES[0];
  return parseLanguage(req.acceptsLanguages(...LANGUAGES)) ?? FOREIGN;
}

/** Remembers the reader's choice in this browser. */
export function rememberLanguage(req: Request, res: Response, language: Language): void {
  const { secure } = req;
  const scope = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const;
  res.cookie(COOKIE_NAME, language, { ...scope, maxAge: REMEMBERED_MS });
}

/** One of the site's languages; undefined for anything else. */
export function parseLanguage(value: unknown): Language | undefined {
  return LANGUAGES.find((language) => language === value);
}
