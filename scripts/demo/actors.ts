import { Refusal } from '../console/refusal';
import type { Act } from './act';
import { DEMO } from './data';
import type { Plan } from './plan';
import { newTally, type Tally } from './tally';
import { type Answer, createVisitor, type Visitor } from './visitor';

/** How many students act at once: enough for two processors. */
const AT_ONCE = 4;

/** The students, as they act on the site. */
export interface Actors {
  readonly tally: Readonly<Tally>;
  /** Does the acts of one round, each student's in their order. Stops between two acts when asked to. */
  perform(acts: readonly Act[], signal: AbortSignal): Promise<void>;
}

type Cast = {
  /** The address of the site: http://HOST:PORT. */
  site: string;
  /** The students' emails, in their order. */
  emails: readonly string[];
  articles: Plan['articles'];
};

export function createActors(cast: Cast): Actors {
  const scene: Scene = { ...cast, tally: newTally(), insiders: new Map(), idOf: new Map() };
  return {
    tally: scene.tally,
    async perform(acts, signal) {
      const queue = byStudent(acts).values();
      const work = async () => {
        for (const ofOne of queue) {
          for (const act of ofOne) if (!signal.aborted) await perform(scene, act);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
    },
  };
}

type Scene = Cast & {
  tally: Tally;
  /** The students who are logged in. */
  insiders: Map<number, Visitor>;
  /** The site's ids of the articles. */
  idOf: Map<number, string>;
};

async function perform(scene: Scene, act: Act): Promise<void> {
  if (act.does === 'log-in') return logIn(scene, act.student);
  const visitor = scene.insiders.get(act.student);
  // A student whose login was denied can do nothing.
  if (visitor === undefined) return;
  if (act.does === 'sell') return sell(scene, visitor, act.article);
  if (act.does === 'buy') return buy(scene, visitor, act.article);
  await visitor.send('/logout', {});
  scene.insiders.delete(act.student);
}

async function logIn({ site, emails, tally, insiders }: Scene, student: number): Promise<void> {
  const email = emails[student] ?? '';
  const visitor = createVisitor(site);
  await visitor.open('/login');
  const answer = await visitor.send('/login', { email, password: DEMO.password });
  if (answer.status === 303) {
    tally.logins += 1;
    insiders.set(student, visitor);
    await visitor.open(answer.location);
  } else if (answer.status === 401) {
    throw new Refusal(`${email} is a student of the demonstration, and does not have its password.`);
  } else if (isRefused(answer)) {
    tally.deniedLogins += 1;
  }
}

async function sell({ articles, tally, idOf }: Scene, visitor: Visitor, article: number): Promise<void> {
  const { title, category, condition, priceCents } = articles[article] ?? raiseUnknown(article);
  await visitor.open('/services/vente');
  const price = (priceCents / 100).toFixed(2);
  const answer = await visitor.send('/services/vente', { title, category, condition, price });
  const id = /[?&]listed=(\d+)/.exec(answer.location)?.[1];
  if (id !== undefined) {
    tally.sales += 1;
    idOf.set(article, id);
  } else if (isRefused(answer)) {
    tally.deniedCalls += 1;
  }
}

async function buy({ articles, tally, idOf }: Scene, visitor: Visitor, article: number): Promise<void> {
  const id = idOf.get(article);
  // Its sale was denied.
  if (id === undefined) return;
  const { title } = articles[article] ?? raiseUnknown(article);
  await visitor.open(`/services/achat?${new URLSearchParams({ q: title })}`);
  await visitor.open(`/articles/${id}/buy`);
  const answer = await visitor.send('/services/achat', { article: id });
  if (answer.location.includes('done=bought')) tally.purchases += 1;
  // Limits are shown with what was admitted.
  else if (answer.status === 409 && answer.hasLimits) tally.late += 1;
  else if (answer.status === 409) tally.missed += 1;
  else if (isRefused(answer)) tally.deniedCalls += 1;
}

function byStudent(acts: readonly Act[]): Map<number, Act[]> {
  const groups = new Map<number, Act[]>();
  for (const act of acts) groups.set(act.student, [...(groups.get(act.student) ?? []), act]);
  return groups;
}

function isRefused({ status, hasLimits }: Answer): boolean {
  return status === 429 && hasLimits;
}

function raiseUnknown(article: number): never {
  throw new Error(`the plan has no article ${article}`);
}
