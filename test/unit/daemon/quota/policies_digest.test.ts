import { describe, expect, test } from '@jest/globals';
import { parsePolicies } from '../../../../daemon/quota/policies';
import { digestOf } from '../../../../daemon/quota/policies_digest';

const FILE = `
services: [vente, achat]
policies:
  connection:
    records: connections
    limits:
      - { name: per-window, algorithm: sliding-window, limit: 10, window: 10m }
`;

const digest = (text: string) => digestOf(parsePolicies(text));

describe('the digest of policies', () => {
  test('files that mean the same have the same', () => {
    const other = FILE.replace('window: 10m', 'window: 600s').replace('services', '# a comment\nservices');

    expect(digest(other)).toBe(digest(FILE));
  });

  test.each([
    ['limit: 10', 'limit: 11'],
    ['window: 10m', 'window: 11m'],
    ['sliding-window', 'token-bucket'],
    ['[vente, achat]', '[vente]'],
    ['    records: connections\n', ''],
  ])('is another with %j in place of %j', (before, after) => {
    expect(digest(FILE.replace(before, after))).not.toBe(digest(FILE));
  });
});
