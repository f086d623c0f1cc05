import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';
import { dictionary as french } from '@zxcvbn-ts/language-fr';

/** Of zxcvbn's scores, 0 to 4: withstands about 10⁸ guesses (docs/report.md says how long that takes here). */
const LEAST_SCORE = 3;

/**
 * The time of an estimate grows with the square of the length, to seconds for the longest password. Only this beginning
 * is estimated: the rest makes a password no weaker.
 */
const ESTIMATED_LENGTH = 32;

/** Each reading of 4 as a or h is one more search. The library's 512 would take seconds, these take some 20 ms at the most. */
const MAX_SUBSTITUTIONS = 4;

/** The words that are tried first on this site. */
const WORDS_OF_THE_SITE = ['etuservices', 'universite', 'university'];

const estimator = new ZxcvbnFactory({
  dictionary: { ...common, ...english, ...french },
  graphs: adjacencyGraphs,
  l33tMaxSubstitutions: MAX_SUBSTITUTIONS,
});

/** Whether a password would soon be guessed, also by somebody who knows its owner's names and email. */
export function isGuessable(password: string, ownWords: readonly string[] = []): boolean {
  const words = [...ownWords, ...ownWords.flatMap((word) => word.split(/[^\p{L}\p{N}]+/u))].filter(Boolean);
  // The library compares them with the password in lower case.
  const known = [...WORDS_OF_THE_SITE, ...words].map((word) => word.toLowerCase());
  const { score } = estimator.check(password.slice(0, ESTIMATED_LENGTH), known);
  return score < LEAST_SCORE;
}
