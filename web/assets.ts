import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import compression from 'compression';
import express, { type RequestHandler, Router } from 'express';

/** The files that pages refer to: styles, scripts, pictures. */
export type Assets = {
  /** Where a file is served, by its name in the sources. Throws for a file that the build has not made. */
  url(name: string): string;
  /** Serves the files, and what browsers and robots request from every site. */
  serve: RequestHandler;
};

/**
 * A shared cache or a browser may keep a file for a year: other contents have another name. Sent whole or not at all: a part,
 * compressed after it was cut out, fits no other part.
 */
const FOR_EVER = { index: false, maxAge: '365d', immutable: true, acceptRanges: false } as const;

/** Everything else requires a login, for robots too. */
const ROBOTS = 'User-agent: *\nDisallow:\n';

/** Reads what the build has written beside the compiled files: the assets, and the manifest of their names. */
export function loadAssets(folder = __dirname): Assets {
  const manifest: object = JSON.parse(readFileSync(join(folder, 'assets_manifest.json'), 'utf8'));
  const files = new Map<string, string>(Object.entries(manifest));
  const url = (name: string) => {
    const file = files.get(name);
    if (file === undefined) throw new Error(`There is no asset named ${name}.`);
    return `/assets/${file}`;
  };
  const serve = Router();
  // Files only: a page holds a constant CSRF token, and the length of a compressed page would reveal it (BREACH).
  serve.use('/assets', compression(), express.static(join(folder, 'assets'), FOR_EVER));
  serve.get('/favicon.ico', (_req, res) => res.redirect(url('favicon.svg')));
  serve.get('/robots.txt', (_req, res) => {
    res.type('text').send(ROBOTS);
  });
  return { url, serve };
}
