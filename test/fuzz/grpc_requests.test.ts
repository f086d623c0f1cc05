import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, expect, test } from '@jest/globals';
import { newToken } from '../../daemon/access/tokens';
import { createRandom } from '../../scripts/demo/random';
import { accessFile, createFolder } from '../helpers/access';
import { COLLECTING, FLAT_BYTES, heldBytes } from '../helpers/fuzz/heap';
import { REFLECTION, REFLECTION_PATHS, servedMethods } from '../helpers/fuzz/methods';
import { FUZZED_POLICIES, fuzzedStrayKeys } from '../helpers/fuzz/policies';
import { type AnyRequest, anyRequest } from '../helpers/fuzz/requests';
import { FUZZ } from '../helpers/fuzz/settings';
import { closedAfterEach } from '../helpers/opened';

const opened = closedAfterEach();
const folder = createFolder();
afterAll(() => folder.remove());

/** In each round. */
const REQUESTS = 1_500;
const AT_ONCE = 24;

/** A request without an answer is left then, as it may not be whole; one that is being answered sooner, as it may be a stream. */
const PATIENCE_MS = 1_000;
const STREAM_MS = 100;

const TOKENS = { caller: newToken(), site: newToken(), operator: newToken() };

const IDENTITIES = [
  { name: 'shop', role: 'caller', tokens: [TOKENS.caller], policies: ['connection'], max_cost: 5 },
  { name: 'web', role: 'site', tokens: [TOKENS.site], subject_prefix: 's' },
  { name: 'alice', role: 'operator', tokens: [TOKENS.operator] },
] as const;

const POSSIBLE = {
  methods: [...servedMethods(), ...REFLECTION_PATHS.map((path) => ({ path, shape: REFLECTION }))],
  tokens: [...Object.values(TOKENS), newToken()],
};

/** Whose fault a status says that it is: ours. */
const OURS: unknown[] = [status.UNKNOWN, status.INTERNAL, status.DATA_LOSS].map(String);

interface Outcome {
  readonly request: AnyRequest;
  readonly http: unknown;
  readonly grpc: unknown;
  readonly message: unknown;
}

/** What was answered; nothing if the connection or the stream was closed, or the request left. */
async function send(session: ClientHttp2Session, request: AnyRequest): Promise<Outcome> {
  const outcome: Record<string, unknown> = {};
  const note = (headers: Record<string, unknown>) => {
    outcome.http ??= headers[':status'];
    outcome.grpc ??= headers['grpc-status'];
    outcome.message ??= headers['grpc-message'];
  };
  const stream = session.request(request.headers, { endStream: false });
  const closed = new Promise((resolve) => stream.once('close', resolve));
  stream.on('error', () => undefined);
  stream.on('response', note).on('trailers', note);
  stream.resume();
  for (const part of request.body) stream.write(part);
  stream.end();
  const streamed = new Promise((resolve) => stream.once('response', resolve)).then(() => pause(STREAM_MS));
  await Promise.race([closed, streamed, pause(PATIENCE_MS)]);
  stream.destroy();
  return { request, http: outcome.http, grpc: outcome.grpc, message: outcome.message };
}

async function openSession(target: string): Promise<ClientHttp2Session> {
  const session = connect(`http://${target}`);
  session.on('error', () => undefined);
  // One that could not be made is closed, and its sender opens another.
  await Promise.race([once(session, 'remoteSettings'), once(session, 'close')]).catch(() => undefined);
  return session;
}

test(`the daemon answers requests whose headers and framing are odd (seed ${FUZZ.seed}, ${FUZZ.rounds} rounds)`, async () => {
  const redis = await opened.redis();
  const limits = { QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '100000', QUOTA_MAX_CONNECTIONS: '100000' };
  const access = { QUOTA_ACCESS: folder.write('access.yaml', accessFile(IDENTITIES)) };
  const env = { ...COLLECTING, ...limits, ...access, QUOTA_SHEDDING: 'off' };
  const daemon = await opened.daemon({ redisUrl: redis.url, policies: FUZZED_POLICIES, env });
  const random = createRandom(FUZZ.seed);
  const measured = { process: daemon.process, metricsUrl: `${daemon.httpUrl}/metrics` };

  async function round(): Promise<Outcome[]> {
    const requests = Array.from({ length: REQUESTS }, () => anyRequest(random, POSSIBLE));
    const outcomes: Outcome[] = [];
    const senders = Array.from({ length: AT_ONCE }, async () => {
      let session = await openSession(daemon.target);
      for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
        if (session.closed || session.destroyed) session = await openSession(daemon.target);
        outcomes.push(await send(session, next));
      }
      session.destroy();
    });
    await Promise.all(senders);
    return outcomes;
  }

  const first = await round();
  const beforeBytes = await heldBytes(measured);
  const all = [...first];
  for (let done = 1; done < FUZZ.rounds; done += 1) all.push(...(await round()));
  const grownBytes = (await heldBytes(measured)) - beforeBytes;

  expect(all.filter(({ grpc, http }) => OURS.includes(grpc) || Number(http) >= 500)).toEqual([]);
  expect(daemon.process.exitCode).toBeNull();
  expect(daemon.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  expect(await fuzzedStrayKeys(opened, redis)).toEqual([]);
  expect(first.filter(({ grpc }) => grpc !== undefined).length).toBeGreaterThan(REQUESTS / 2);
  expect(first.some(({ grpc }) => grpc === String(status.OK))).toBe(true);
  expect(grownBytes).toBeLessThan(FLAT_BYTES);
}, 600_000);
