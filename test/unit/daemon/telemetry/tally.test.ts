import { describe, expect, test } from '@jest/globals';
import { createTally } from '../../../../daemon/telemetry/tally';

describe('tally', () => {
  test('what was counted is handed over by its labels, and once only', () => {
    const handedOver: unknown[][] = [];
    const tally = createTally((...counted) => handedOver.push(counted));
    tally.count('connection', 'admitted');
    tally.count('connection', 'denied');
    tally.count('connection', 'admitted');
    tally.count('login-attempt', 'denied');
    tally.flush();
    tally.flush();
    tally.count('connection', 'admitted');
    tally.flush();

    expect(handedOver).toEqual([
      ['connection', 'admitted', 2],
      ['connection', 'denied', 1],
      ['login-attempt', 'denied', 1],
      ['connection', 'admitted', 1],
    ]);
  });
});
