import { type CallOptions, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { createRandom, type Random } from '../../scripts/demo/random';
import type { TestDaemon } from '../helpers/daemon';
import { COLLECTING, FLAT_BYTES, heldBytes } from '../helpers/fuzz/heap';
import { strayKeys } from '../helpers/fuzz/layout';
import { anyMessage, type Shape } from '../helpers/fuzz/messages';
import { REFLECTION, REFLECTION_PATHS, servedMethods } from '../helpers/fuzz/methods';
import { FUZZ } from '../helpers/fuzz/settings';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const POLICIES = `
services: [vente, achat]
policies:
  connection:
    records: connections
    on_store_failure: local
    limits: [{ name: per-window, algorithm: sliding-window, limit: 10, window: 10m }]
  login-attempt:
    on_store_failure: deny
    limits:
      - { name: burst, algorithm: token-bucket, limit: 100, window: 10m }
      - { name: per-window, algorithm: sliding-window, limit: 5, window: 10m, shadow: true }
`;

const LAYOUT = {
  partitions: 3,
  policies: { connection: ['per-window'], 'login-attempt': ['burst', 'per-window'] },
  windowsMs: [3 * 24 * 3_600_000],
};

/** Messages to each method in each round. */
const MESSAGES = 150;

/** So many calls are open at once. */
const CALLERS = 24;

/** A stream that goes on is left after so long. */
const STREAM_MS = 30;

/** What is no fault of the daemon. */
const EXPECTED = new Set([
  status.OK,
  status.CANCELLED,
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.RESOURCE_EXHAUSTED,
]);

interface Answer {
  readonly path: string;
  readonly hex: string;
  readonly code: status;
  readonly details: string;
}

const asIs = (bytes: Buffer) => bytes;

async function start() {
  const redis = await opened.redis();
  const daemon = await opened.daemon({
    redisUrl: redis.url,
    policies: POLICIES,
    env: { ...COLLECTING, QUOTA_PARTITIONS: String(LAYOUT.partitions), QUOTA_SHEDDING: 'off' },
  });
  const client = opened.closed(new Client(daemon.target, credentials.createInsecure()), (raw) => raw.close());
  const databases = ['/0', '/1'].map((path) =>
    opened.closed(new Redis(new URL(path, redis.url).href), (database) => database.disconnect()),
  );
  return { daemon, client, databases };
}

type Send = (bytes: Buffer) => Promise<{ code: status; details: string }>;

const answered = (error: ServiceError | null) => ({
  code: error?.code ?? status.OK,
  details: error?.details ?? '',
});

function toUnary(client: Client, path: string): Send {
  return (bytes) =>
    new Promise((resolve) => {
      const options: CallOptions = { deadline: Date.now() + 20_000 };
      client.makeUnaryRequest(path, asIs, asIs, bytes, new Metadata(), options, (error) =>
        resolve(answered(error)),
      );
    });
}

function toStream(client: Client, path: string): Send {
  return (bytes) =>
    new Promise((resolve) => {
      const call = client.makeServerStreamRequest(path, asIs, asIs, bytes);
      call.on('error', (error: ServiceError) => resolve(answered(error)));
      call.on('end', () => resolve(answered(null)));
      call.resume();
      setTimeout(() => call.cancel(), STREAM_MS);
    });
}

function toReflection(client: Client, path: string): Send {
  return (bytes) =>
    new Promise((resolve) => {
      const call = client.makeBidiStreamRequest(path, asIs, asIs);
      call.on('error', (error: ServiceError) => resolve(answered(error)));
      call.on('end', () => resolve(answered(null)));
      call.resume();
      call.write(bytes);
      call.end(bytes);
    });
}

interface Target {
  readonly path: string;
  readonly shape: Shape;
  readonly send: Send;
}

function targetsOf(client: Client): Target[] {
  return [
    ...servedMethods().map(({ path, shape, isAnswerStreamed }) => ({
      path,
      shape,
      send: isAnswerStreamed ? toStream(client, path) : toUnary(client, path),
    })),
    ...REFLECTION_PATHS.map((path) => ({ path, shape: REFLECTION, send: toReflection(client, path) })),
  ];
}

/** Sends a round of messages to every method, many at a time; what was answered. */
async function round(targets: readonly Target[], random: Random): Promise<Answer[]> {
  const orders = targets.flatMap((target) =>
    Array.from({ length: MESSAGES }, () => ({ ...target, bytes: anyMessage(target.shape, random) })),
  );
  const answers: Answer[] = [];
  const callers = Array.from({ length: CALLERS }, async () => {
    for (let order = orders.pop(); order !== undefined; order = orders.pop()) {
      const { path, bytes, send } = order;
      answers.push({ path, hex: bytes.subarray(0, 200).toString('hex'), ...(await send(bytes)) });
    }
  });
  await Promise.all(callers);
  return answers;
}

/** Nothing but a pair of a code and a path: the first bytes that led to each. */
function surprises(answers: readonly Answer[]): Answer[] {
  const surprising = answers.filter(({ code }) => !EXPECTED.has(code));
  return [...new Map(surprising.map((answer) => [`${answer.code} ${answer.path}`, answer])).values()];
}

function faultsIn({ log }: TestDaemon) {
  return log.filter(({ level }) => Number(level) >= 50);
}

test(`messages of every method survive being damaged and at every edge (seed ${FUZZ.seed}, ${FUZZ.rounds} rounds)`, async () => {
  const { daemon, client, databases } = await start();
  const random = createRandom(FUZZ.seed);
  const targets = targetsOf(client);
  const measured = { process: daemon.process, metricsUrl: `${daemon.httpUrl}/metrics` };
  const first = await round(targets, random);
  const beforeBytes = await heldBytes(measured);
  const found = surprises(first);
  for (let done = 1; done < FUZZ.rounds; done += 1) found.push(...surprises(await round(targets, random)));
  const grownBytes = (await heldBytes(measured)) - beforeBytes;

  expect(found).toEqual([]);
  expect(faultsIn(daemon)).toEqual([]);
  expect(daemon.process.exitCode).toBeNull();
  const strays = await Promise.all(databases.map((database) => strayKeys(database, LAYOUT)));
  expect(strays.flat()).toEqual([]);
  expect(first.filter(({ code }) => code === status.OK).length).toBeGreaterThan(first.length / 10);
  expect(grownBytes).toBeLessThan(FLAT_BYTES);
}, 600_000);
