import { describe, expect, test } from '@jest/globals';
import { summary } from '../../../../environment/tracing/channels';

describe('summary', () => {
  test.each([
    ['SELECT `data`, expires FROM `sessions` WHERE session_id = ?', 'SELECT sessions'],
    ['\n  select id\n  from users where email = "ada@example.org"', 'SELECT users'],
    ["INSERT INTO users (email) VALUES ('from secrets')", 'INSERT users'],
    ["REPLACE INTO `sessions` VALUES ('x')", 'REPLACE sessions'],
    ["UPDATE users SET email = 'x'", 'UPDATE users'],
    ['DELETE FROM `sessions` WHERE expires < 1', 'DELETE sessions'],
    ['SELECT 1', 'SELECT'],
    ["SELECT 'a secret from vault'", 'SELECT'],
    ['SELECT "a secret from vault"', 'SELECT'],
    ["'quoted'", 'STATEMENT'],
  ])('%j is %s', (statement, expected) => {
    expect(summary(statement)).toBe(expected);
  });
});
