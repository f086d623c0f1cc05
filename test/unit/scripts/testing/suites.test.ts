import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { REPRESENTATIVE, STORES } from '../../../../scripts/testing/stores';

interface Suites {
  readonly STORE_SUITES: readonly string[];
  readonly ON_ONE_SERVER: Readonly<Record<'integration' | 'chaos', Readonly<Record<string, string>>>>;
  readonly EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>>;
  suitesOn(store: string): readonly string[];
}

const { STORE_SUITES, ON_ONE_SERVER, EXCEPTIONS, suitesOn } = require('../../../stores/suites') as Suites;

interface SharedServers {
  readonly OPENERS: Readonly<Record<string, RegExp>>;
  usesSharedServers(text: string): boolean;
}

const { OPENERS, usesSharedServers } = require('../../../stores/shared_servers') as SharedServers;

const { testMatch } = require('../../../../jest.compose.config') as { testMatch: readonly string[] };

const tests = join(__dirname, '../../..');
const ENDING = '.test.ts';

/** The suites of a folder, as the lists name them. */
const suitesIn = (folder: string): string[] =>
  readdirSync(join(tests, folder))
    .filter((file) => file.endsWith(ENDING))
    .map((file) => `${folder}/${file.slice(0, -ENDING.length)}`);

const textOf = (suite: string): string => readFileSync(join(tests, `${suite}${ENDING}`), 'utf8');

/** Whether a suite uses the store that the tests share. */
function usesSharedStore(suite: string): boolean {
  const text = textOf(suite);
  return ['redis', 'operated_daemons', 'opened', 'haproxy'].some((helper) => OPENERS[helper]?.test(text));
}

/** Whether a suite uses one server of its own, or a store of the kind that the suites run on. */
const usesOwnStore = (suite: string): boolean =>
  /\bopened\.(redis|store)\(\)|\bopenCuttableStore\(/.test(textOf(suite));

/** Those of a folder that are listed, and those that have a reason, in order. */
const known = (folder: 'integration' | 'chaos'): string[] =>
  [
    ...STORE_SUITES.filter((suite) => suite.startsWith(`${folder}/`)),
    ...Object.keys(ON_ONE_SERVER[folder]).map((suite) => `${folder}/${suite}`),
  ].sort();

test('every integration suite that uses the shared store runs on every store, or a reason says why not', () => {
  expect(suitesIn('integration').filter(usesSharedStore).sort()).toEqual(known('integration'));
});

test('every chaos suite about the store runs on every kind of store, or has a reason', () => {
  const about = suitesIn('chaos').filter((suite) => usesSharedStore(suite) || usesOwnStore(suite));

  expect(about.sort()).toEqual(known('chaos'));
});

test('no suite is listed twice', () => {
  const all = [...known('integration'), ...known('chaos')];

  expect(all).toEqual([...new Set(all)]);
});

test('what cannot run on a store is a suite that runs elsewhere', () => {
  for (const store of STORES)
    expect(STORE_SUITES).toEqual(expect.arrayContaining(Object.keys(EXCEPTIONS[store] ?? {})));
});

test('the suites of npm test run on each store', () => {
  const pattern = new RegExp(REPRESENTATIVE);
  for (const store of STORES)
    expect(suitesOn(store).filter((suite) => pattern.test(`/${suite}${ENDING}`))).toHaveLength(4);
});

test('every helper that opens a part of the shared servers is known as one', () => {
  const helpers = join(tests, 'helpers');
  const opening = readdirSync(helpers, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => {
      const text = readFileSync(join(helpers, file), 'utf8');
      return /\bTEST_(REDIS|MYSQL)_URL\b/.test(text) || usesSharedServers(text);
    });

  expect(opening.map((file) => file.slice(0, -'.ts'.length)).sort()).toEqual(Object.keys(OPENERS).sort());
});

test('the compose stack repeats what uses the shared servers, and leaves out what starts its own', () => {
  const repeated = testMatch.map((path) => basename(path, ENDING));

  expect(repeated).toEqual(expect.arrayContaining(known('integration').map((suite) => basename(suite))));
  expect(repeated).toEqual(expect.arrayContaining(['accounts', 'market', 'static_files']));
  expect(repeated).not.toEqual(expect.arrayContaining(['redis_tls']));
  expect(repeated).not.toEqual(expect.arrayContaining(['lua_mutations_limits']));
});
