import type { Request, Response } from 'express';

/** What the site speaks; the first is spoken to whoever asks for none of them. */
export const LANGUAGES = ['en', 'fr'] as const;

export type Language = (typeof LANGUAGES)[number];

const COOKIE_NAME = 'language';

/** The longest that browsers keep a cookie: 400 days (RFC 6265bis, 5.5). */
const REMEMBERED_MS = 400 * 24 * 60 * 60 * 1_000;

/** The language that the reader has chosen, or else the browser asks for, or else the site's first. */
export function languageOf(req: Request): Language {
  const chosen = parseLanguage(req.cookies[COOKIE_NAME]);
  return chosen ?? parseLanguage(req.acceptsLanguages(...LANGUAGES)) ?? LANGUAGES[0];
}

/** Remembers the reader's choice in this browser. */
export function rememberLanguage(req: Request, res: Response, language: Language): void {
  const { secure } = req;
  const scope = { path: '/', httpOnly: true, sameSite: 'lax', secure } as const;
  res.cookie(COOKIE_NAME, language, { ...scope, maxAge: REMEMBERED_MS });
}

/** One of the site's languages; undefined for whatever else it may be. */
export function parseLanguage(value: unknown): Language | undefined {
  return LANGUAGES.find((language) => language === value);
}
