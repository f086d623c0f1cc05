import { expect, test } from '@jest/globals';
import { isGuessable } from '../../../../web/accounts/password_strength';

test.each([
  'aaaaaaaaaa',
  '1234567890',
  'azertyuiop',
  'motdepasse2024',
  'p4ssw0rd12',
  'etuservices2026',
  'x'.repeat(256),
])('isGuessable: %s is guessable', (password) => {
  expect(isGuessable(password)).toBe(true);
});

test.each(['correct horse battery', 'une vache bleue dans le pré', 'xK9#mQ2v!pL'])(
  'isGuessable: %s is not guessable',
  (password) => {
    expect(isGuessable(password)).toBe(false);
  },
);

test('isGuessable: the name and the email of the owner are guessable only for the owner', () => {
  const words = ['zylberstein@example.org', 'Okonkwo', 'Zylberstein'];
  for (const password of ['ZylbersteinOkonkwo', 'zylberstein@example.org'])
    expect([isGuessable(password), isGuessable(password, words)]).toEqual([false, true]);
});

test('isGuessable: the longest password of substitutions is answered', () => {
  expect(isGuessable('4@8({[<369&#!1|05$7+%2'.repeat(12).slice(0, 256))).toBe(false);
});
