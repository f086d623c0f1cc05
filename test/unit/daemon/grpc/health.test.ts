import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { watchHealth } from '../../../../daemon/grpc/health';

/** Watches a service by its name; what it was answered, and whether the library remembers it. */
function watch(service: string) {
  const yes = () => true;
  const parts = { canDecide: yes, store: yes, calls: yes };
  const health = watchHealth({ parts, logger: pino({ level: 'silent' }) });
  let served: UntypedServiceImplementation = {};
  health.addToServer({
    addService(_, handlers) {
      served = handlers;
    },
  });
  health.stop();
  const answers: unknown[] = [];
  const awaited: string[] = [];
  const call = {
    request: { service },
    write: (answer: unknown) => answers.push(answer),
    on: (event: string) => awaited.push(event),
  };
  if (served.watch === undefined) throw new Error('the health cannot be watched');
  Reflect.apply(served.watch, undefined, [call]);
  return { answers, isRemembered: awaited.includes('cancelled') };
}

describe('watchHealth', () => {
  test.each(['', 'quota.v1.QuotaService', 'store', 'calls'])(
    '%j that is watched has its status, and is remembered until the end',
    (service) => {
      expect(watch(service)).toEqual({
        answers: [{ status: 'NOT_SERVING' }],
        isRemembered: true,
      });
    },
  );

  test('a name that anyone made up is answered and not remembered', () => {
    expect(watch('nosuch')).toEqual({ answers: [{ status: 'SERVICE_UNKNOWN' }], isRemembered: false });
  });
});
