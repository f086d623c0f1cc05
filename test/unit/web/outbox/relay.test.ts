import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type Logger, pino } from 'pino';
import { QuotaUnavailable } from '../../../../client/answers/unavailable';
import { type Relay, startRelay } from '../../../../web/outbox/relay';
import type { ServiceCall } from '../../../../web/quota/client';
import { type FakeOutbox, fakeOutbox, LEASE_MS } from './fake_outbox';

const SILENT = pino({ level: 'silent' });

let relays: Relay[];

beforeEach(() => {
  // Far from 1970, when the calls of the fake were made.
  jest.useFakeTimers({ now: new Date('2026-11-22T20:00:00Z') });
  relays = [];
});

afterEach(async () => {
  const stops = relays.map((relay) => relay.stop());
  await jest.advanceTimersByTimeAsync(60_000);
  await Promise.all(stops);
  jest.useRealTimers();
});

function relayOf(
  outbox: FakeOutbox,
  record: (call: ServiceCall) => Promise<void>,
  logger: Logger = SILENT,
): Relay {
  const relay = startRelay({ outbox, send: record, logger });
  relays.push(relay);
  return relay;
}

/** A daemon that answers what `answer` says at the moment, and writes down what it was asked. */
function fakeDaemon(answer?: Error) {
  const daemon = {
    answer,
    asked: [] as string[],
    async record({ requestId }: ServiceCall) {
      daemon.asked.push(requestId);
      if (daemon.answer) throw daemon.answer;
    },
  };
  return daemon;
}

function failure(code: status): QuotaUnavailable {
  const cause = Object.assign(new Error('inner-message'), { code });
  return new QuotaUnavailable({ requestId: 'r-1', reason: 'inner-message', cause });
}

const AWAY = failure(status.UNAVAILABLE);
const REFUSED = failure(status.NOT_FOUND);

function linesOf(): { lines: { msg: string; level: number }[]; logger: Logger } {
  const lines: { msg: string; level: number }[] = [];
  return { lines, logger: pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) }) };
}

const passes = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe('relay', () => {
  test('relay: calls waiting at the start are sent at once, and deleted once acknowledged', async () => {
    const outbox = fakeOutbox('vente', 'achat');
    const recorded: ServiceCall[] = [];
    relayOf(outbox, async (call) => {
      recorded.push(call);
    });
    await passes(0);
    expect(recorded.map(({ subject, service, requestId }) => [subject, service, requestId])).toEqual([
      ['42', 'vente', 'request-1'],
      ['42', 'achat', 'request-2'],
    ]);
    expect(outbox.rows).toEqual([]);
  });

  test('relay: after a nudge, the call is sent at once; without one, within a second', async () => {
    const outbox = fakeOutbox();
    const daemon = fakeDaemon();
    const relay = relayOf(outbox, daemon.record);
    await passes(100);
    outbox.rows = fakeOutbox('vente').rows;
    relay.nudge();
    await passes(0);
    expect(daemon.asked).toHaveLength(1);

    await passes(100);
    outbox.rows = fakeOutbox('achat').rows;
    await passes(0);
    expect(daemon.asked).toHaveLength(1);
    await passes(1_000);
    expect(daemon.asked).toHaveLength(2);
  });

  test('relay: a nudge while it is at work makes it look again at once', async () => {
    const outbox = fakeOutbox('vente');
    let finish: () => void = () => undefined;
    const asked: string[] = [];
    const relay = relayOf(outbox, ({ service }) => {
      asked.push(service);
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    await passes(0);
    outbox.rows.push({ ...(fakeOutbox('achat').rows[0] as FakeOutbox['rows'][0]), id: 9 });
    relay.nudge();
    finish();
    await passes(0);
    expect(asked).toEqual(['vente', 'achat']);
  });

  test('relay: more than a batch is sent without a pause', async () => {
    const outbox = fakeOutbox(...Array.from({ length: 120 }, () => 'vente'));
    const daemon = fakeDaemon();
    relayOf(outbox, daemon.record);
    await passes(0);
    expect(new Set(daemon.asked).size).toBe(120);
    expect(outbox.rows).toEqual([]);
  });

  test('relay: a call that is not acknowledged, it stays', async () => {
    const outbox = fakeOutbox('vente');
    relayOf(outbox, fakeDaemon(AWAY).record);
    await passes(3_600_000);
    expect(outbox.rows).toHaveLength(1);
  });
});

describe('relay: an unreachable daemon', () => {
  test('relay: it is tried less and less often, at least every ten seconds, despite nudges', async () => {
    const outbox = fakeOutbox('vente');
    const daemon = fakeDaemon(AWAY);
    const relay = relayOf(outbox, daemon.record);
    const counts: number[] = [];
    for (const ms of [0, 249, 1, 500, 1_000, 2_000, 4_000, 8_000, 9_999, 1, 10_000]) {
      relay.nudge();
      await passes(ms);
      counts.push(daemon.asked.length);
    }
    expect(counts).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 7, 8, 9]);
  });

  test('relay: it is asked with one call at a time, another each time', async () => {
    const outbox = fakeOutbox(...Array.from({ length: 30 }, () => 'vente'));
    const daemon = fakeDaemon(AWAY);
    relayOf(outbox, daemon.record);
    await passes(0);
    const first = daemon.asked.length;
    expect(first).toBeLessThanOrEqual(8);
    await passes(250);
    await passes(500);
    expect(daemon.asked).toHaveLength(first + 2);
  });

  test('relay: once it is back, every call is sent within ten seconds', async () => {
    const outbox = fakeOutbox(...Array.from({ length: 30 }, () => 'vente'));
    const daemon = fakeDaemon(AWAY);
    relayOf(outbox, daemon.record);
    await passes(120_000);
    daemon.answer = undefined;
    await passes(10_000);
    expect(outbox.rows).toEqual([]);
  });

  test.each([
    status.UNAVAILABLE,
    status.DEADLINE_EXCEEDED,
    status.RESOURCE_EXHAUSTED,
    status.UNAUTHENTICATED,
    status.PERMISSION_DENIED,
  ])('relay: status %i is no refusal of the call', async (code) => {
    const outbox = fakeOutbox('vente');
    relayOf(outbox, fakeDaemon(failure(code)).record);
    await passes(60_000);
    expect(outbox.rows).toMatchObject([{ refusals: 0 }]);
  });

  test('relay: an unreachable database is tried again later, and nothing is lost', async () => {
    const outbox = fakeOutbox('vente');
    outbox.fails = true;
    const daemon = fakeDaemon();
    relayOf(outbox, daemon.record);
    await passes(60_000);
    outbox.fails = false;
    await passes(10_000);
    expect(daemon.asked).toEqual(['request-1']);
    expect(outbox.rows).toEqual([]);
  });
});

describe('relay: a call that the daemon refuses', () => {
  test('relay: the others are still sent', async () => {
    const outbox = fakeOutbox('unknown', 'vente', 'achat');
    relayOf(outbox, async ({ service }) => {
      if (service === 'unknown') throw REFUSED;
    });
    await passes(0);
    expect(outbox.rows.map(({ call }) => call.service)).toEqual(['unknown']);
  });

  test('relay: it is sent less and less often, at least every ten minutes, and never dropped', async () => {
    const outbox = fakeOutbox('unknown');
    const daemon = fakeDaemon(REFUSED);
    relayOf(outbox, daemon.record);
    await passes(0);
    const delays: number[] = [];
    for (let i = 0; i < 12; i += 1) {
      const delayMs = Number(outbox.rows[0]?.dueMs) - Date.now();
      delays.push(delayMs);
      const asked = daemon.asked.length;
      // Up to a second more, as it is looked for once a second.
      while (daemon.asked.length === asked) await passes(1_000);
    }
    const inSeconds = delays.map((ms) => Math.ceil(ms / 1_000));
    expect(inSeconds.slice(0, 5)).toEqual([1, 2, 4, 8, 16]);
    expect(inSeconds.at(-1)).toBe(600);
    expect(outbox.rows).toHaveLength(1);
  });

  test('relay: it is logged as an error, with the call', async () => {
    const { lines, logger } = linesOf();
    relayOf(fakeOutbox('unknown'), fakeDaemon(REFUSED).record, logger);
    await passes(0);
    const [line] = lines.filter(({ level }) => level === 50);
    expect(line).toMatchObject({ msg: 'a call was rejected, and waits', call: { requestId: 'request-1' } });
  });

  test('relay: the call also waits if what asks the daemon is at fault', async () => {
    const outbox = fakeOutbox('vente');
    relayOf(outbox, fakeDaemon(new TypeError('a bug')).record);
    await passes(0);
    expect(outbox.rows).toMatchObject([{ refusals: 1 }]);
  });
});

describe('relay: a stop', () => {
  test('relay: calls being sent are finished, the others are released at once', async () => {
    const outbox = fakeOutbox(...Array.from({ length: 20 }, () => 'vente'));
    const finishes: (() => void)[] = [];
    const relay = relayOf(outbox, () => new Promise((resolve) => finishes.push(resolve)));
    await passes(0);
    const begun = finishes.length;
    const stopped = relay.stop();
    for (const finish of finishes) finish();
    await stopped;
    expect(outbox.rows).toHaveLength(20 - begun);
    expect(outbox.rows.every(({ dueMs }) => dueMs <= Date.now())).toBe(true);
  });

  test('relay: a daemon that never answers, it ends within three seconds, and the call stays', async () => {
    const outbox = fakeOutbox('vente');
    const relay = relayOf(outbox, () => new Promise(() => undefined));
    await passes(0);
    let isStopped = false;
    const stopped = relay.stop().then(() => {
      isStopped = true;
    });
    await passes(3_000);
    expect(isStopped).toBe(true);
    await stopped;
    expect(outbox.rows).toMatchObject([{ dueMs: Date.now() - 3_000 + LEASE_MS }]);
  });

  test.each([0, 120_000])('relay: ends at once if it is idle, or long without the daemon', async (ms) => {
    const relay = relayOf(fakeOutbox('vente'), fakeDaemon(ms > 0 ? AWAY : undefined).record);
    await passes(ms);
    await relay.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('relay: a backlog', () => {
  test('relay: calls that wait for more than a minute make a warning a minute', async () => {
    const { lines, logger } = linesOf();
    relayOf(fakeOutbox('vente', 'achat'), fakeDaemon(AWAY).record, logger);
    await passes(175_000);
    const warnings = lines.filter(({ msg }) => msg === 'calls wait in the outbox');
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatchObject({ level: 40, waiting: 2 });
  });
});
