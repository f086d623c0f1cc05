import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../../../scripts/demo/random';
import { type Moment, momentsBefore } from '../../../../scripts/demo/timetable';

const HOUR_MS = 60 * 60 * 1000;
const WINDOW_MS = 10 * 60 * 1000;

const momentsUntil = (now: string, hours: number) =>
  momentsBefore(Date.parse(now), { hours, random: createRandom(1) });
const bustleAt = (moments: Moment[], day: string, hour: string) =>
  moments.find((moment) => moment.day.startsWith(day) && moment.clock.startsWith(`${hour}:`))?.bustle;

describe('the timetable', () => {
  test.each(['2026-11-25T20:05:00Z', '2026-11-25T20:30:00Z', '2026-11-25T20:57:59Z'])(
    'until %s, all are in the last 72 hours as they are counted, the last one now',
    (now) => {
      const moments = momentsUntil(now, 72);
      const oldestHour = Math.floor(Date.parse(now) / HOUR_MS) - 71;

      expect(Math.floor((moments[0]?.ms ?? 0) / HOUR_MS)).toBe(oldestHour);
      expect(moments.at(-1)?.ms).toBe(Date.parse(now));
    },
  );

  test('an hour that ends while it is played is left out so that the first is still counted', () => {
    const now = '2026-11-25T20:59:30Z';

    expect(momentsUntil(now, 72)[0]?.ms).toBeGreaterThanOrEqual(Date.parse(now) - 71 * HOUR_MS);
  });

  test('from one moment to the next is more than the window of a limit', () => {
    const moments = momentsUntil('2026-11-25T20:30:00Z', 167);
    const steps = moments.slice(1).map(({ ms }, index) => ms - (moments[index]?.ms ?? 0));

    expect(Math.min(...steps)).toBeGreaterThan(WINDOW_MS);
  });

  test('one hour is played now', () => {
    expect(momentsUntil('2026-11-25T20:05:00Z', 1)).toHaveLength(1);
  });

  test('nights are quiet, evenings busy, weekends less so, by the clocks of France', () => {
    const moments = momentsUntil('2026-11-25T22:30:00Z', 120);

    expect(bustleAt(moments, 'Tuesday', '04')).toBe(0);
    expect(bustleAt(moments, 'Tuesday', '20')).toBe(15);
    expect(bustleAt(moments, 'Sunday', '20')).toBeLessThan(15);
    expect(moments.at(-1)).toMatchObject({ day: 'Wednesday 25 November', clock: '23:30' });
  });
});
