import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { atTurnEnd, planTurnEnd } from '../../../../daemon/quota/turn_end';

describe('the end of a turn', () => {
  test('a task runs once, after what is running', async () => {
    const heard: string[] = [];
    atTurnEnd(() => heard.push('task'));
    heard.push('before');
    await turn();
    await turn();

    expect(heard).toEqual(['before', 'task']);
  });

  test('who begins requests in an immediate has them in this turn, with those from before it', async () => {
    const heard: string[] = [];
    setImmediate(() => process.nextTick(() => atTurnEnd(() => heard.push('late'))));
    planTurnEnd();
    setImmediate(() => heard.push('after'));
    atTurnEnd(() => heard.push('early'));
    await turn();

    expect(heard).toEqual(['early', 'late', 'after']);
  });

  test('a task of a task runs at the end of the next turn', async () => {
    const heard: string[] = [];
    atTurnEnd(() => {
      heard.push('first');
      atTurnEnd(() => heard.push('second'));
    });
    await turn();
    expect(heard).toEqual(['first']);
    await turn();
    expect(heard).toEqual(['first', 'second']);
  });
});
