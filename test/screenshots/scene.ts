import type { Browser, Page } from 'playwright-core';
import { createAdminClient } from '../helpers/admin_client';
import { newPerson, type Person } from '../helpers/site';
import { type Camera, createCamera } from './camera';
import { CAMILLE, HUGO, INES, NATHALIE, PASSWORD, type Stage } from './stage';

type Locale = 'fr-FR' | 'en-GB';

export const LANGUAGES = [
  ['fr', 'fr-FR'],
  ['en', 'en-GB'],
] as const;

/** A busy machine takes its time, and a picture that comes late is as good. */
const PATIENCE_MS = 20 * 60 * 1_000;

/** How often a form is sent, or a page opened, that a busy machine answered with the page of an outage. */
const MOST_TRIES = 20;

/** Where the scenes of a file are played, once it is open. */
export type Place = { browser: Browser; stage: Stage };

/** Opens the pages of one language, each in a browser of its own. */
export function createScene(language: string, { locale, place }: { locale: Locale; place: () => Place }) {
  const shoot: Camera = createCamera(language);
  const people: Person[] = [];
  const arrive = async (who?: { email: string }) => {
    const { browser, stage } = place();
    const person = await newPerson(browser, stage, { locale });
    person.context.setDefaultTimeout(PATIENCE_MS);
    people.push(person);
    if (who) await person.enter({ ...who, password: PASSWORD });
    return person;
  };
  return {
    shoot,
    arrive,
    async shootAll({ page, visit }: Person, pages: Record<string, string>) {
      for (const [name, path] of Object.entries(pages)) {
        await untilAnswered(page, () => visit(path));
        await shoot(page, name);
      }
    },
    /** Sends a form, whatever its button says. */
    send({ page }: Person, form: string, fields: Record<string, string> = {}) {
      return untilAnswered(page, async () => {
        for (const [name, value] of Object.entries(fields))
          await fill(page.locator(`${form} [name=${name}]`), value);
        await Promise.all([page.waitForEvent('load'), page.locator(`${form} [type=submit]`).first().click()]);
      });
    },
    async leave() {
      for (const { context } of people.splice(0)) await context.close();
    },
  };
}

/** What shows that the daemon did not answer in time: a form's result, or the totals of the home page. */
const UNANSWERED = 'section.outage, section[aria-labelledby=totals] > .notice';

/** Set while a part is stopped on purpose: the page of an outage is then what is wanted. */
let isFailing = false;

/** Stops the daemon for a while. */
export async function withoutDaemon({ daemon }: Stage, act: () => Promise<void>): Promise<void> {
  daemon.process.kill('SIGSTOP');
  try {
    await whileFailing(act);
  } finally {
    daemon.process.kill('SIGCONT');
  }
}

/** Takes the page of an outage for what is wanted. */
export async function whileFailing(act: () => Promise<void>): Promise<void> {
  isFailing = true;
  try {
    await act();
  } finally {
    isFailing = false;
  }
}

/** Repeats what a busy daemon did not answer in time. A form that is sent again is one request: it has an id. */
async function untilAnswered(page: Page, act: () => Promise<void>): Promise<void> {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    await act();
    if (isFailing || (await page.locator(UNANSWERED).count()) === 0) return;
  }
}

async function fill(field: ReturnType<Person['page']['locator']>, value: string): Promise<void> {
  if (await field.evaluate((element) => element.nodeName === 'SELECT')) await field.selectOption(value);
  else await field.fill(value);
}

export const SALE = '.form[action="/services/vente"]';
export const OFFER = {
  title: 'Atlas du monde, édition reliée',
  category: 'book',
  condition: 'very_good',
  price: '18',
  description: 'Quelques annotations au crayon.\nÀ remettre à la bibliothèque.',
};

/** Gives everybody their limits back, so that one picture does not spoil the next. */
export async function resetAll({ daemon }: Stage): Promise<void> {
  const admin = createAdminClient(daemon.target);
  for (const { id } of [CAMILLE, HUGO, INES, NATHALIE]) await admin.resetQuota(String(id));
  await admin.resetQuota('127.0.0.1');
  admin.close();
}
