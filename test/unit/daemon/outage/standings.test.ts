import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createStandings } from '../../../../daemon/outage/standings';
import type { Decision, LimitStatus } from '../../../../daemon/quota/admission';

const KEPT = 3;
const NAMES = ['a', 'b', 'c'];
const SUBJECTS = Array.from({ length: 9 }, (_, at) => `subject-${at}`);

const count = fc.integer({ min: 0, max: 2 ** 53 - 1 });
const statusOf = (name: string) =>
  fc.record({
    name: fc.constant(name),
    ...{ limit: count, remaining: count, windowUs: count, resetDelayUs: count, nextDelayUs: count },
    ...{ shadow: fc.boolean(), shadowDenied: fc.boolean(), overridden: fc.boolean() },
    // Until the year 10000.
    overrideEndMs: fc.option(fc.integer({ min: 1, max: 253_402_300_800_000 }), { nil: undefined }),
  });

const noteArbitrary = fc.record({
  subject: fc.constantFrom(...SUBJECTS),
  limits: fc.subarray(NAMES, { minLength: 1 }).chain((names) => fc.tuple(...names.map(statusOf))),
  decidedUs: count,
});

const decisionOf = ({ limits, decidedUs }: { limits: LimitStatus[]; decidedUs: number }): Decision => ({
  admitted: true,
  isRepeat: false,
  limits,
  retryDelayUs: undefined,
  decidedUs,
});

type Note = typeof noteArbitrary extends fc.Arbitrary<infer Each> ? Each : never;

/** Each subject's last note, the latest first. */
function latestOf(notes: readonly Note[]): Note[] {
  const seen = new Map<string, Note>();
  for (const note of [...notes].reverse()) if (!seen.has(note.subject)) seen.set(note.subject, note);
  return [...seen.values()];
}

describe('standings', () => {
  test('any notes of limits that come and go keep the last of the latest subjects, and of no more than twice as many', () => {
    const property = fc.property(fc.array(noteArbitrary, { minLength: 1, maxLength: 40 }), (notes) => {
      const standings = createStandings(KEPT);
      for (const note of notes) standings.note(note.subject, decisionOf(note));
      const latest = latestOf(notes).map((note) => ({ note, found: standings.find(note.subject) }));
      const kept = latest.filter(({ found }) => found !== undefined);

      expect(kept.length).toBeLessThanOrEqual(2 * KEPT);
      expect(kept.slice(0, KEPT)).toEqual(latest.slice(0, KEPT));
      expect(kept.map(({ found }) => found?.atUs)).toEqual(kept.map(({ note }) => note.decidedUs));
      // What the policy has lost since is not kept.
      for (const { note, found } of kept)
        expect(note.limits).toEqual(expect.arrayContaining([...(found?.limits ?? [])]));
      expect(kept[0]?.found?.limits).toEqual(kept[0]?.note.limits);
    });
    fc.assert(property, { numRuns: 1000 });
  });

  test('a policy whose limits change, each subject keeps what it has of those that are left', () => {
    const standings = createStandings(10);
    const [a, b, c] = NAMES.map((name) => fc.sample(statusOf(name), 1)[0] as LimitStatus) as [
      LimitStatus,
      LimitStatus,
      LimitStatus,
    ];
    standings.note('ada', decisionOf({ limits: [a, b], decidedUs: 1 }));
    standings.note('bob', decisionOf({ limits: [c, a], decidedUs: 2 }));

    expect(standings.find('ada')).toEqual({ limits: [a], atUs: 1 });
    expect(standings.find('bob')).toEqual({ limits: [c, a], atUs: 2 });
  });

  test('many subjects whose names differ little are each found by its own', () => {
    const standings = createStandings(10_000);
    const [status] = fc.sample(statusOf('a'), 1) as [LimitStatus];
    const subjects = Array.from({ length: 10_000 }, (_, at) => `user-${String(at).padStart(8, '0')}`);
    for (const [at, subject] of subjects.entries())
      standings.note(subject, decisionOf({ limits: [{ ...status, remaining: at }], decidedUs: at }));

    const found = subjects.map((subject) => standings.find(subject));
    expect(found.map((each) => each?.limits[0]?.remaining)).toEqual(subjects.map((_, at) => at));
    expect(standings.find('user')).toBeUndefined();
  });
});
