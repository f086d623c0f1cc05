import type { NewArticle } from '../../web/market/article';
import type { Act } from './act';
import { DEMO } from './data';
import type { Random } from './random';
import { createStall, type Stall } from './stall';
import type { DemoStudent } from './students';
import type { Moment } from './timetable';

/** What is done at one moment, each student's acts in their order. */
export interface Round {
  readonly moment: Pick<Moment, 'ms'>;
  readonly acts: readonly Act[];
}

export interface Plan {
  readonly rounds: readonly Round[];
  readonly articles: readonly NewArticle[];
}

/** Visits a round if the bustle is 1. */
const VISITS = 0.27;
const MOST_VISITS = 9;

/** More logins than a student may make in a window; with those of the visits, fewer than one address may try. */
const LOGINS_OF_BURST = [12, 13] as const;
const MOST_VISITS_BESIDE = 5;
const LOGIN_BURST_CHANCE = 0.4;

/** More than a student may call in a window. */
const SALES_OF_BURST = [13, 16] as const;

/** How often a round has a burst if the bustle is 1: some six a day. */
const BURST_CHANCE = 0.015;

/** After that, or after having left, one logs in again. */
const SESSION_ROUNDS = 2;
const LEAVING_CHANCE = 0.3;

/** Fewer than a student may make in a window. */
const MOST_CALLS = 7;
const BUYING_CHANCE = 0.5;

type Parts = { random: Random; moments: readonly Moment[]; students: readonly DemoStudent[] };

/** Plans what the students do at each moment: the same for the same random numbers. */
export function makePlan({ random, moments, students }: Parts): Plan {
  const stall = createStall(random);
  const scene: Scene = { random, students, stall, loggedIn: new Map() };
  const rounds = moments.map((moment, round) => {
    const acts = playRound(scene, { bustle: moment.bustle, round });
    // From the next round on.
    stall.show(acts);
    return { moment, acts };
  });
  return { rounds, articles: stall.articles };
}

/** What is so at a moment of the plan. */
type Scene = {
  random: Random;
  students: readonly DemoStudent[];
  stall: Stall;
  /** The rounds in which students have logged in. */
  loggedIn: Map<number, number>;
};

type Part = { student: number; round: number };

function playRound(scene: Scene, { bustle, round }: { bustle: number; round: number }): Act[] {
  const { random } = scene;
  const count = Math.min(random.poisson(bustle * VISITS), MOST_VISITS);
  const [last, ...visitors] = chooseStudents({ ...scene, count: count + 1 });
  const acts = visitors.flatMap((student) => visit(scene, { student, round }));
  if (last === undefined || !random.isLucky(bustle * BURST_CHANCE)) return acts;
  return [...acts, ...burst(scene, { student: last, round, mayLogIn: count <= MOST_VISITS_BESIDE })];
}

function visit(scene: Scene, part: Part): Act[] {
  const { random, stall, loggedIn } = scene;
  const { student } = part;
  const call = () => (random.isLucky(BUYING_CHANCE) && stall.buy(student)) || stall.sell(student);
  const mean = callsOf(scene, student);
  const count = mean === 0 ? 0 : Math.min(random.poisson(mean), MOST_CALLS);
  const acts = [...logIn(scene, part), ...Array.from({ length: count }, call)];
  if (!random.isLucky(LEAVING_CHANCE)) return acts;
  loggedIn.delete(student);
  return [...acts, { does: 'log-out', student }];
}

/** More logins or more sales than the limits let through; none if neither may be. */
function burst(scene: Scene, part: Part & { mayLogIn: boolean }): Act[] {
  const { random, stall, loggedIn } = scene;
  const { student, round, mayLogIn } = part;
  if (mayLogIn && random.isLucky(LOGIN_BURST_CHANCE)) {
    loggedIn.set(student, round);
    return Array.from({ length: random.between(...LOGINS_OF_BURST) }, () => ({ does: 'log-in', student }));
  }
  if (callsOf(scene, student) === 0) return [];
  const count = random.between(...SALES_OF_BURST);
  return [...logIn(scene, part), ...Array.from({ length: count }, () => stall.sell(student))];
}

/** Nothing if the student has done so lately. */
function logIn({ loggedIn }: Scene, { student, round }: Part): Act[] {
  const since = loggedIn.get(student);
  if (since !== undefined && round - since < SESSION_ROUNDS) return [];
  loggedIn.set(student, round);
  return [{ does: 'log-in', student }];
}

function callsOf({ students }: Scene, student: number): number {
  return DEMO.habits[students[student]?.habit ?? 'onlooker'].calls;
}

/** Different students, each as likely as its habit says. */
function chooseStudents({
  random,
  students,
  count,
}: {
  random: Random;
  students: readonly DemoStudent[];
  count: number;
}): number[] {
  const left = students.map(({ habit }, student) => ({ student, weight: DEMO.habits[habit].visits }));
  const chosen: number[] = [];
  while (chosen.length < count && left.length > 0) {
    let at = random.next() * left.reduce((sum, { weight }) => sum + weight, 0);
    const index = left.findIndex(({ weight }) => {
      at -= weight;
      return at < 0;
    });
    chosen.push(...left.splice(index, 1).map(({ student }) => student));
  }
  return chosen;
}
