import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { limitSessions } from '../../../../../daemon/grpc/listening/session_limits';
import { QuotaServiceService } from '../../../../../gen/quota/v1/quota_service';
import { openRawClient } from '../../../../helpers/http2_frames';
import { closedAfterEach } from '../../../../helpers/opened';
import { until } from '../../../../helpers/wait';

const opened = closedAfterEach();

/** More than Node allows by itself. */
const CALLS = 1500;

/** Older versions have no such options. */
const knowsResets = Number(process.versions.node.split('.')[0]) >= 24;

/** How many a connection may have rejected in succession if nothing is set. */
const REJECTED_BY_NODE = 100;

/** More than a connection may have rejected in succession. */
const REJECTED = 10_100;

/** Node rejects a stream for which a connection has no memory, as it does one too many. */
const SMALL_SESSIONS: ServerOptions = {
  'grpc.max_concurrent_streams': 1_000_000,
  'grpc-node.max_session_memory': 1,
};

/** About as many streams as that memory holds. */
const STREAMS_IN_MEMORY = 1500;

async function serve(options: ServerOptions = {}) {
  const server = opened.closed(new Server(options), (each) => each.forceShutdown());
  limitSessions(server);
  const silent = () => undefined;
  server.addService(QuotaServiceService, {
    admit: silent,
    batchAdmit: silent,
    recordCall: silent,
    stats: silent,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return `127.0.0.1:${port}`;
}

/** Sends a call and resets it. */
async function callAndLeave(session: ReturnType<typeof connect>) {
  const stream = session.request({ ':method': 'POST', ':path': QuotaServiceService.admit.path });
  stream.on('error', () => undefined);
  stream.close(constants.NGHTTP2_CANCEL);
  await once(stream, 'close');
}

describe('session limits', () => {
  (knowsResets ? test : test.skip)(
    'callers whose deadlines pass again and again, their connection kept',
    async () => {
      const session = opened.closed(connect(`http://${await serve()}`), (each) => each.destroy());
      let hasEnded = false;
      session.on('goaway', () => {
        hasEnded = true;
      });
      session.on('error', () => undefined);
      await once(session, 'connect');

      for (let i = 0; i < CALLS && !hasEnded; i += 1) await callAndLeave(session);
      await new Promise((resolve) => session.ping(resolve));

      expect(hasEnded).toBe(false);
    },
  );

  test('a connection is kept while far more streams are rejected than Node allows, and ended after 10,000', async () => {
    const client = opened.closed(openRawClient(await serve(SMALL_SESSIONS)), (each) => each.close());
    let stream = 1;
    const open = (count: number) => {
      for (let i = 0; i < count; i += 1, stream += 2) client.open(stream, QuotaServiceService.admit.path);
    };
    open(STREAMS_IN_MEMORY + CALLS);
    await until('many are rejected', () => client.resets.size >= 2 * REJECTED_BY_NODE || client.isEnded);
    const wasEnded = client.isEnded;
    open(REJECTED);
    await until('the connection has ended', () => client.isEnded);

    expect(wasEnded).toBe(false);
  });
});
