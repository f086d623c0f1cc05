import { type Browser, chromium } from 'playwright-core';
import { provided } from './environment';

/** The distribution's Chromium. It runs as root in CI, and must not call home. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: provided('CHROMIUM_PATH'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
