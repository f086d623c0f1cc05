import { describe, expect, test } from '@jest/globals';
import { ReplyError } from 'ioredis';
import { pino } from 'pino';
import { DeadlinePassed, StoreUnavailable } from '../../../../daemon/quota/errors';
import { createCircuit } from '../../../../daemon/redis/circuit';
import { CircuitOpen } from '../../../../daemon/redis/circuit_open';
import { NoAnswer } from '../../../../daemon/redis/silence';

const reply = (message: string): Error => new (ReplyError as ErrorConstructor)(message);
const unavailable = (cause: Error) => new StoreUnavailable({ cause });
const dead = unavailable(new Error('connect ECONNREFUSED'));

function createClocked() {
  const clock = { ms: 0 };
  const lines: string[] = [];
  const circuit = createCircuit({
    name: 'test',
    logger: pino({}, { write: (line) => lines.push(JSON.parse(line).msg) }),
    nowMs: () => clock.ms,
  });
  const fail = (error: Error) => circuit.run(() => Promise.reject(error)).catch(() => undefined);
  return { clock, circuit, fail, lines };
}

async function opened() {
  const parts = createClocked();
  await parts.fail(dead);
  parts.clock.ms += 200;
  await parts.fail(dead);
  return parts;
}

describe('circuit', () => {
  test('many failures in one moment leave it closed; one more after a while opens it', async () => {
    const { clock, circuit, fail } = createClocked();
    for (let failure = 0; failure < 100; failure += 1) await fail(dead);
    expect(circuit.isOpen()).toBe(false);
    clock.ms += 200;
    await fail(dead);

    expect(circuit.isOpen()).toBe(true);
  });

  test('a success between two failures keeps it closed', async () => {
    const { clock, circuit, fail } = createClocked();
    await fail(dead);
    await circuit.run(async () => undefined);
    clock.ms += 1000;
    await fail(dead);

    expect(circuit.isOpen()).toBe(false);
  });

  test('open, a write is not run and fails at once', async () => {
    const { circuit } = await opened();
    let runs = 0;
    const written = circuit.run(async () => {
      runs += 1;
    });

    await expect(written).rejects.toMatchObject({
      name: 'StoreUnavailable',
      cause: expect.any(CircuitOpen),
    });
    expect(runs).toBe(0);
    expect(circuit.assertClosed).toThrow(StoreUnavailable);
  });

  test('open, a probe that fails leaves it open and one that succeeds closes it', async () => {
    const { circuit } = await opened();
    await circuit.probe(() => Promise.reject(dead)).catch(() => undefined);
    expect(circuit.isOpen()).toBe(true);
    await circuit.probe(async () => undefined);

    expect(circuit.isOpen()).toBe(false);
    expect(await circuit.run(async () => 'written')).toBe('written');
  });

  test('opening and closing each have one line of the log, however many probes fail in between', async () => {
    const { circuit, lines } = await opened();
    const failedProbe = () => circuit.probe(() => Promise.reject(dead)).catch(() => undefined);
    for (let probe = 0; probe < 3; probe += 1) await failedProbe();
    await circuit.probe(async () => undefined);

    expect(lines).toEqual(['redis is not used until a probe succeeds', 'redis is used again']);
  });

  test('open, and the wall clock set back, a probe still closes it', async () => {
    const { circuit } = await opened();
    const now = Date.now;
    Date.now = () => now() - 3_600_000;
    await circuit
      .probe(async () => undefined)
      .finally(() => {
        Date.now = now;
      });

    expect(circuit.isOpen()).toBe(false);
  });

  test.each([
    ['no answer, and nothing else either', unavailable(new NoAnswer(300, true)), true],
    ['no answer, while others were answered', unavailable(new NoAnswer(300, false)), false],
    ['a replica', unavailable(reply('READONLY no')), true],
    ['a full disk', unavailable(reply('MISCONF no')), true],
    ['no memory left', unavailable(reply('OOM no')), false],
    ['busy', unavailable(reply('BUSY no')), false],
    ['an emptied store', unavailable(reply('STALECLAIM no')), false],
    ['a fault of the program', reply('ERR no'), false],
    ['a deadline that passed', new DeadlinePassed(), false],
  ])('%s, lasting, opens it: %#', async (_, error, isOpened) => {
    const { clock, circuit, fail } = createClocked();
    for (let failure = 0; failure < 10; failure += 1) {
      await fail(error);
      clock.ms += 100;
    }

    expect(circuit.isOpen()).toBe(isOpened);
  });
});
