import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createWaitingRoom } from '../../../../../daemon/grpc/listening/waiting_room';
import { atTurnEnd } from '../../../../../daemon/quota/turn_end';
import { until } from '../../../../helpers/wait';

/** A waiting room before a place with so much room, and what becomes of those who wait there. */
function roomBefore(room: number) {
  const clock = { ms: 0 };
  const place = { room };
  const heard: string[] = [];
  const waiting = createWaitingRoom({ nowMs: () => clock.ms });

  /** Returns the stream, which its caller may reset. */
  function arrive(name: string): { closed: boolean } {
    const stream = Object.assign(new EventEmitter(), { closed: false, destroyed: false });
    waiting.add({
      stream: stream as unknown as ServerHttp2Stream,
      arrivedMs: clock.ms,
      hasRoom: () => place.room > 0,
      letIn() {
        place.room -= 1;
        heard.push(`in: ${name}`);
        // As the library does: a request is read in some later step of this turn.
        process.nextTick(() => atTurnEnd(() => heard.push(`sent: ${name}`)));
      },
      refuse: () => heard.push(`refused: ${name}`),
      leave: () => heard.push(`left: ${name}`),
    });
    return stream;
  }

  return { waiting, arrive, place, clock, heard };
}

describe('waiting room', () => {
  test('the newest goes in first', async () => {
    const { arrive, clock, heard, waiting } = roomBefore(2);
    for (const name of ['a', 'b', 'c']) arrive(name);
    await turn();

    expect(heard).toEqual(['in: c', 'in: b', 'sent: c', 'sent: b']);
    expect(waiting.isEmpty).toBe(false);
    clock.ms = 100;
    await until('nobody waits', () => waiting.isEmpty);
  });

  test('one that waits goes in as soon as there is room', async () => {
    const { arrive, place, heard } = roomBefore(0);
    arrive('a');
    await turn();
    place.room = 1;

    await until('it is in', () => heard.includes('in: a'));
  });

  test('those that have waited too long are refused, the oldest first', async () => {
    const { arrive, clock, heard, waiting } = roomBefore(0);
    arrive('a');
    arrive('b');
    clock.ms = 15;
    arrive('c');
    clock.ms = 20;
    await until('some are refused', () => heard.length > 0);

    expect(heard).toEqual(['refused: a', 'refused: b']);
    clock.ms = 35;
    await until('all are refused', () => waiting.isEmpty);
    expect(heard).toEqual(['refused: a', 'refused: b', 'refused: c']);
  });

  test('one whose caller has left is counted, and neither goes in nor is refused', async () => {
    const { arrive, heard, waiting, clock } = roomBefore(1);
    arrive('a');
    arrive('b').closed = true;
    arrive('c').closed = true;
    await turn();
    clock.ms = 100;
    await until('nobody waits', () => waiting.isEmpty);

    expect(heard.toSorted()).toEqual(['in: a', 'left: b', 'left: c', 'sent: a']);
  });

  test('what goes in is sent in the same turn, before others are rejected', async () => {
    const { arrive, clock, place, heard } = roomBefore(0);
    arrive('a');
    arrive('b');
    place.room = 1;
    clock.ms = 20;
    await turn();

    expect(heard).toEqual(['in: b', 'sent: b', 'refused: a']);
  });

  test('of many that have waited too long some are refused in each turn', async () => {
    const { arrive, clock, heard, waiting } = roomBefore(0);
    for (let i = 0; i < 250; i += 1) arrive(String(i));
    clock.ms = 20;
    await turn();

    expect(heard.length).toBeLessThanOrEqual(200);
    await until('all are refused', () => waiting.isEmpty);
    expect(heard).toEqual(Array.from({ length: 250 }, (_, i) => `refused: ${i}`));
  });
});
