import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import {
  type PolicyWorker,
  type PrimaryChannel,
  receivePolicies,
  sharePolicies,
} from '../../../../daemon/workers/shared_policies';
import { ConfigInvalid } from '../../../../environment/config_invalid';

const textOf = (limit: number) => `
policies:
  connection:
    limits: [{ name: per-window, algorithm: sliding-window, limit: ${limit}, window: 10m }]
`;

/** Both ends of the channel of a worker, which takes messages at once. */
function connect() {
  const worker = new EventEmitter();
  const channel = new EventEmitter();
  const send = (to: EventEmitter) => (message: unknown) => to.emit('message', message);
  return {
    worker: Object.assign(worker, { send: send(channel) }) as unknown as PolicyWorker & EventEmitter,
    channel: Object.assign(channel, { send: send(worker) }) as unknown as PrimaryChannel & EventEmitter,
  };
}

function start({ first = textOf(10) } = {}) {
  const primary = { text: first };
  const sharing = sharePolicies(() => primary.text);
  const { worker, channel } = connect();
  sharing.add(worker);
  const logged: unknown[] = [];
  const reloads: true[] = [];
  const logger = pino({}, { write: (line: string) => logged.push(JSON.parse(line)) });
  const received = receivePolicies({ channel, logger, onReload: () => void reloads.push(true) });
  return { primary, sharing, worker, channel, received, logged, reloads };
}

async function limitOf({ received }: ReturnType<typeof start>): Promise<number | undefined> {
  return (await received).current().byName.get('connection')?.limits[0]?.limit;
}

describe('shared policies', () => {
  test('a worker that starts has those that are in force, and then each change', async () => {
    const started = start();
    expect(await limitOf(started)).toBe(10);
    expect(started.reloads).toHaveLength(0);

    started.primary.text = textOf(20);
    started.sharing.changed();
    started.sharing.changed();

    expect(await limitOf(started)).toBe(20);
    expect(started.reloads).toHaveLength(1);
  });

  test('a worker that drains follows no more', async () => {
    const started = start();
    (await started.received).stop();
    started.primary.text = textOf(20);
    started.sharing.changed();

    expect(await limitOf(started)).toBe(10);
  });

  test('policies that a worker of another version cannot read change nothing there, and are logged', async () => {
    const started = start();
    await started.received;
    started.primary.text = 'policies: nonsense';
    started.sharing.changed();

    expect(await limitOf(started)).toBe(10);
    expect(started.logged).toMatchObject([
      { level: 50, msg: "the primary's policies cannot be read, the old ones stay" },
    ]);
  });

  test('a worker whose primary does not answer does not start', async () => {
    const { channel } = connect();
    const unanswered = receivePolicies({
      ...{ channel, logger: pino({ level: 'silent' }), onReload: () => undefined },
      limitMs: 10,
    });

    await expect(unanswered).rejects.toThrow(new ConfigInvalid(['the primary did not send its policies']));
    expect(channel.listenerCount('message')).toBe(0);
  });

  test('a worker that cannot read those in force does not start', async () => {
    await expect(start({ first: 'policies: nonsense' }).received).rejects.toThrow(ConfigInvalid);
  });

  test('a worker that has died gets nothing more', async () => {
    const started = start();
    await started.received;
    started.worker.emit('exit');
    started.primary.text = textOf(20);
    started.sharing.changed();

    expect(await limitOf(started)).toBe(10);
  });
});
