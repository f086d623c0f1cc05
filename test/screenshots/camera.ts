import { join } from 'node:path';
import type { Page } from 'playwright-core';

const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;

const THEMES = ['light', 'dark'] as const;

/** Charts and buttons that have just changed are at rest then. */
const REST_MS = 150;

/** Takes pictures of the page in sight: on a phone and on a desktop, in light and in dark. */
export type Camera = (page: Page, name: string) => Promise<void>;

/** Writes LANGUAGE/NAME-SIZE-THEME.png below the folder of the run. */
export function createCamera(language: string): Camera {
  const folder = process.env.SCREENSHOTS_FOLDER;
  if (!folder) throw new Error('SCREENSHOTS_FOLDER is not set: run `npm run screenshots`');
  return async (page, name) => {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.waitForTimeout(REST_MS);
        const path = join(folder, language, `${name}-${size}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
      }
    }
  };
}
