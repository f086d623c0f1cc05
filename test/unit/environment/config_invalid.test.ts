import { expect, test } from '@jest/globals';
import { ConfigInvalid } from '../../../environment/config_invalid';

test('ConfigInvalid: two faults are one line each below the heading, and each by itself', () => {
  const faults = ['QUOTA_LISTEN must be HOST:PORT', 'access.yaml:3: no such role'];
  const error = new ConfigInvalid(faults);
  expect(error.faults).toEqual(faults);
  expect(error.message).toBe(
    'the configuration cannot be used:\n  QUOTA_LISTEN must be HOST:PORT\n  access.yaml:3: no such role',
  );
});
