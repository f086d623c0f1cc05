import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { readLibrary } from '../../../daemon/redis/library';
import { differingPart, type Part, type Transcript } from './battery';
import { apply, type Mutant, mutantsOf } from './mutants';
import { REVIEWED } from './reviewed';
import { servedLibraries } from './served';

/** Hundreds of mutants, each in a Redis of its own making; only a run that hangs takes so long. */
const RUN_BOUND_MS = 15 * 60_000;

/** Parts that have shown another mutant of the same file, and are tried before the whole battery. */
const LIKELY_PARTS = 3;

/** How often the battery is asked until it answers the same twice in a row. */
const MOST_TIMES = 4;

/** The tests of the Lua files in some folders: any one place changed, some part of the battery shows it. */
export function describeMutations(
  title: string,
  { folders, parts }: { folders: RegExp; parts: readonly Part[] },
): void {
  const served = servedLibraries();
  const { load, answersOf } = served;

  /** What the unchanged library answers: to all parts after each other, and to each by itself. */
  async function rightAnswers() {
    const version = (await load()) ?? '';
    const alone = new Map<Part, Transcript>();
    for (const part of parts) alone.set(part, await answersOf(version, [part]));
    return { all: await answersOf(version, parts), alone };
  }

  /** The mutants that no part shows. */
  async function findSurvivors(mutants: readonly Mutant[]): Promise<Mutant[]> {
    const { all, alone } = await rightAnswers();
    const survivors: Mutant[] = [];
    // Of each file, the last to have shown a mutant first.
    const shown = new Map<string, readonly Part[]>();
    for (const mutant of mutants) {
      const version = await load((text, file) => (file === mutant.file ? apply(text, mutant) : text));
      if (version === undefined) continue;
      const before = shown.get(mutant.file) ?? [];
      const likely = before
        .slice(0, LIKELY_PARTS)
        .map((part) => ({ asked: [part], expected: alone.get(part) }));
      const tries = [...likely, { asked: parts, expected: all }];
      let showing = await firstToShow(version, tries);
      // A machine that stalls for seconds changes times to live, but hardly twice.
      if (showing !== undefined && isReviewed(mutant)) showing = await firstToShow(version, tries);
      if (showing === undefined) survivors.push(mutant);
      else shown.set(mutant.file, [showing, ...before.filter((part) => part !== showing)]);
    }
    return survivors;
  }

  async function firstToShow(
    version: string,
    tries: readonly { asked: readonly Part[]; expected: Transcript | undefined }[],
  ): Promise<Part | undefined> {
    for (const { asked, expected = [] } of tries) {
      await served.redis.flushall();
      const part = await differingPart(served.redis, { version, parts: asked, expected });
      if (part !== undefined) return part;
    }
    return undefined;
  }

  describe(title, () => {
    test('an unchanged script answers the same twice', async () => {
      const version = (await load()) ?? '';
      const answers: Transcript[] = [];
      // A machine that stalls for seconds changes times to live.
      for (let time = 1; time <= MOST_TIMES && !isRepeated(answers); time += 1)
        answers.push(await answersOf(version, parts));

      expect(answers[0]?.length).toBeGreaterThan(100);
      expect(answers.at(-1)).toEqual(answers.at(-2));
    });

    test(
      'with any one place changed, answers otherwise unless it was reviewed',
      async () => {
        const survivors = await findSurvivors(mutantsIn(folders));

        expect(survivors.filter((mutant) => !isReviewed(mutant)).map(nameOf)).toEqual([]);
        // What answers otherwise by now needs no reason any more.
        const isNeeded = ([of, part]: (typeof REVIEWED)[number]) =>
          survivors.some((mutant) => of === mutant.file && part.test(textOf(mutant)));
        expect(REVIEWED.filter((entry) => folders.test(entry[0]) && !isNeeded(entry))).toEqual([]);
      },
      RUN_BOUND_MS,
    );
  });
}

/** Whether the last two are the same. */
function isRepeated(answers: readonly Transcript[]): boolean {
  return answers.length > 1 && isDeepStrictEqual(answers.at(-1), answers.at(-2));
}

function mutantsIn(folders: RegExp): Mutant[] {
  const mutants: Mutant[] = [];
  readLibrary((text, file) => {
    if (folders.test(file)) mutants.push(...mutantsOf(file, text));
    return text;
  });
  return mutants;
}

function isReviewed(mutant: Mutant): boolean {
  return REVIEWED.some(([of, part]) => of === mutant.file && part.test(textOf(mutant)));
}

/** The changed line; what it was if it is dropped. */
function textOf({ before, after }: Mutant): string {
  return after.trim() || `dropped: ${before.trim()}`;
}

function nameOf(mutant: Mutant): string {
  const { file, line, before } = mutant;
  return `${file}:${line}: ${before.trim()} => ${textOf(mutant)}`;
}
