import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { limitSessions } from '../../../../../daemon/grpc/listening/session_limits';
import { QuotaServiceService } from '../../../../../gen/quota/v1/quota_service';
import { closedAfterEach } from '../../../../helpers/opened';

const opened = closedAfterEach();

/** More than Node allows by itself. */
const CALLS = 1500;

/** Older versions have no such options. */
const knowsResets = Number(process.versions.node.split('.')[0]) >= 24;

async function serve() {
  const server = opened.closed(new Server(), (each) => each.forceShutdown());
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
  return `http://127.0.0.1:${port}`;
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
      const session = opened.closed(connect(await serve()), (each) => each.destroy());
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
});
