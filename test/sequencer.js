const { readFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const LIST = join(__dirname, 'long_suites.txt');

/** How long each of the longest suites takes, by its path from `test`. */
function readSeconds() {
  const lines = readFileSync(LIST, 'utf8').trim().split('\n');
  return new Map(lines.map((line) => line.split(' ')).map(([seconds, suite]) => [suite, Number(seconds)]));
}

/**
 * Starts the longest suites first, so that no worker is left with one when the others have nothing more to do. By itself jest does so
 * from the second run on; in a new clone it knows the sizes of the files alone.
 */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const seconds = readSeconds();
    const secondsOf = ({ path }) => seconds.get(relative(__dirname, path)) ?? 0;
    return super.sort(tests).toSorted((a, b) => secondsOf(b) - secondsOf(a));
  }
};
