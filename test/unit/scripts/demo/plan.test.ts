import { describe, expect, test } from '@jest/globals';
import type { Act } from '../../../../scripts/demo/act';
import { makePlan } from '../../../../scripts/demo/plan';
import { createRandom } from '../../../../scripts/demo/random';
import { DEMO_STUDENTS, emailOf } from '../../../../scripts/demo/students';
import { momentsBefore } from '../../../../scripts/demo/timetable';
import { parseSale } from '../../../../web/market/forms';

/** What the policies file lets one address try, and one user do, in a window. */
const ATTEMPTS = 20;
const PER_WINDOW = 10;

function planOf(seed: number) {
  const random = createRandom(seed);
  const moments = momentsBefore(Date.parse('2026-11-25T20:30:00Z'), { hours: 72, random });
  return makePlan({ random, moments, students: DEMO_STUDENTS });
}

const plan = planOf(1);
const rounds = plan.rounds.map(({ acts }) => acts);
const acts = rounds.flat();
const isLogin = ({ does }: Act) => does === 'log-in';
const isCall = ({ does }: Act) => does === 'sell' || does === 'buy';

/** How many such acts each student does in each round. */
function perStudentAndRound(wanted: (act: Act) => boolean): number[] {
  return rounds.flatMap((round) =>
    DEMO_STUDENTS.map((_, student) => round.filter((act) => act.student === student && wanted(act)).length),
  );
}

describe('the plan', () => {
  test('the same seed makes the same plan; another makes another', () => {
    expect(planOf(1)).toEqual(plan);
    expect(planOf(2)).not.toEqual(plan);
  });

  test('has hundreds of logins, sales and purchases', () => {
    const count = (does: Act['does']) => acts.filter((act) => act.does === does).length;

    for (const does of ['log-in', 'sell', 'buy'] as const) expect(count(does)).toBeGreaterThan(200);
    expect(count('log-out')).toBeGreaterThan(20);
  });

  test('some students have more logins or calls at once than the limits let through', () => {
    expect(perStudentAndRound(isLogin).filter((count) => count > PER_WINDOW).length).toBeGreaterThan(2);
    expect(perStudentAndRound(isCall).filter((count) => count > PER_WINDOW).length).toBeGreaterThan(2);
  });

  test('never more logins are made at once than one address may try, and one before the first round', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const logins = planOf(seed).rounds.map((round) => round.acts.filter(isLogin).length);
      expect(Math.max(...logins) + 1).toBeLessThanOrEqual(ATTEMPTS);
    }
  });

  test('an article is bought after the round it was put up in, once, and not by its seller', () => {
    const sales = new Map<number, { student: number; round: number }>();
    const bought = new Set<number>();
    for (const [round, done] of rounds.entries()) {
      for (const act of done) {
        if (act.does === 'sell') sales.set(act.article, { student: act.student, round });
        if (act.does !== 'buy') continue;
        const sale = sales.get(act.article);
        expect(sale?.round).toBeLessThan(round);
        expect(sale?.student).not.toBe(act.student);
        expect(bought).not.toContain(act.article);
        bought.add(act.article);
      }
    }
    expect(bought.size).toBeGreaterThan(200);
  });

  test('more than a hundred titles are each an article that the site accepts', () => {
    for (const { title, category, condition, priceCents } of plan.articles) {
      const form = { title, category, condition, price: (priceCents / 100).toFixed(2) };
      expect(parseSale(form).article).toEqual({ title, category, condition, priceCents, description: '' });
    }
    expect(new Set(plan.articles.map(({ title }) => title)).size).toBeGreaterThan(100);
  });

  test('onlookers log in and never call', () => {
    const onlookers = DEMO_STUDENTS.flatMap(({ habit }, student) => (habit === 'onlooker' ? [student] : []));
    const ofOnlookers = plan.rounds
      .flatMap((round) => round.acts)
      .filter(({ student }) => onlookers.includes(student));

    expect(ofOnlookers.filter(isLogin).length).toBeGreaterThan(3);
    expect(ofOnlookers.filter(isCall)).toEqual([]);
  });
});

describe('the students', () => {
  test('emails are plain and each another', () => {
    const emails = DEMO_STUDENTS.map(emailOf);

    expect(new Set(emails).size).toBe(DEMO_STUDENTS.length);
    for (const email of emails) expect(email).toMatch(/^[a-z]+\.[a-z]+@etuservices\.example$/);
  });
});
