import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Decision } from '../../gen/quota/v1/quota_service';
import { createRandom } from '../../scripts/demo/random';
import { anyConversation } from '../helpers/fuzz/frames';
import { COLLECTING, FLAT_BYTES, heldBytes } from '../helpers/fuzz/heap';
import { REFLECTION_PATHS, servedMethods } from '../helpers/fuzz/methods';
import { FUZZED_POLICIES, fuzzedStrayKeys } from '../helpers/fuzz/policies';
import { FUZZ } from '../helpers/fuzz/settings';
import { closedAfterEach } from '../helpers/opened';
import { parsePrometheusText } from '../helpers/prometheus_text';
import { admitInTheEnd } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const opened = closedAfterEach();

/** In each round. */
const CONNECTIONS = 400;
const AT_ONCE = 20;

/** A connection that is still open then is left. */
const PATIENCE_MS = 60;

const PATHS = [...servedMethods().map(({ path }) => path), ...REFLECTION_PATHS];

/** Sends it all, and waits a moment for the end. */
async function converse(target: string, bytes: Buffer): Promise<void> {
  const [host = '', port] = target.split(':');
  const socket = connect(Number(port), host);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(bytes);
  await Promise.race([closed, pause(PATIENCE_MS)]);
  socket.destroy();
}

test(`the daemon survives senseless and damaged frames of HTTP/2 (seed ${FUZZ.seed}, ${FUZZ.rounds} rounds)`, async () => {
  const redis = await opened.redis();
  const limits = { QUOTA_MAX_CONNECTIONS_PER_ADDRESS: '100000', QUOTA_MAX_CONNECTIONS: '100000' };
  const daemon = await opened.daemon({
    redisUrl: redis.url,
    policies: FUZZED_POLICIES,
    env: { ...COLLECTING, ...limits },
  });
  const { target, httpUrl, process } = daemon;
  const random = createRandom(FUZZ.seed);
  const measured = { process, metricsUrl: `${httpUrl}/metrics` };

  async function round(): Promise<void> {
    const conversations = Array.from({ length: CONNECTIONS }, () =>
      anyConversation(random, { target, paths: PATHS }),
    );
    const senders = Array.from({ length: AT_ONCE }, async () => {
      for (let next = conversations.pop(); next !== undefined; next = conversations.pop())
        await converse(target, next);
    });
    await Promise.all(senders);
  }

  async function connections(): Promise<number | undefined> {
    const metrics = parsePrometheusText(await (await fetch(measured.metricsUrl)).text());
    return metrics.get('quota_grpc_connections')?.samples.get('quota_grpc_connections');
  }

  await round();
  const beforeBytes = await heldBytes(measured);
  for (let done = 1; done < FUZZ.rounds; done += 1) await round();
  const grownBytes = (await heldBytes(measured)) - beforeBytes;

  expect(process.exitCode).toBeNull();
  expect(daemon.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  expect(await fuzzedStrayKeys(opened, redis)).toEqual([]);
  const bystander = await admitInTheEnd(daemon.client, { subject: 'bystander', policy: 'connection' });
  expect(bystander.decision).toBe(Decision.ADMITTED);
  // The bystander's own. A connection that broke the protocol is closed once nobody answers on it.
  await until('all others to be closed', async () => (await connections()) === 1);
  expect(grownBytes).toBeLessThan(FLAT_BYTES);
}, 600_000);
