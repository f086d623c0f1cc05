import { type CallOptions, Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect, test } from '@jest/globals';
import { createRandom, type Random } from '../../scripts/demo/random';
import type { TestDaemon } from '../helpers/daemon';
import { COLLECTING, FLAT_BYTES, heldBytes } from '../helpers/fuzz/heap';
import { anyMessage, type Shape } from '../helpers/fuzz/messages';
import { REFLECTION, REFLECTION_PATHS, servedMethods } from '../helpers/fuzz/methods';
import { FUZZED_POLICIES, fuzzedStrayKeys } from '../helpers/fuzz/policies';
import { FUZZ } from '../helpers/fuzz/settings';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();

const PARTITIONS = 3;

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
    policies: FUZZED_POLICIES,
    env: { ...COLLECTING, QUOTA_PARTITIONS: String(PARTITIONS), QUOTA_SHEDDING: 'off' },
  });
  const client = opened.closed(new Client(daemon.target, credentials.createInsecure()), (raw) => raw.close());
  return { redis, daemon, client };
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
  const { redis, daemon, client } = await start();
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
  expect(await fuzzedStrayKeys(opened, { url: redis.url, partitions: PARTITIONS })).toEqual([]);
  expect(first.filter(({ code }) => code === status.OK).length).toBeGreaterThan(first.length / 10);
  expect(grownBytes).toBeLessThan(FLAT_BYTES);
}, 600_000);
