import { EventEmitter, once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect, test } from '@jest/globals';
import express from 'express';
import { quota } from '../../../client/express';
import { withQuota } from '../../../client/fetch';
import type { GuardOptions } from '../../../client/http/guard';
import type { AdmitOptions } from '../../../client/quota_client';
import { until } from '../../helpers/wait';

/** A client that admits once it is told to, and what happened with it. */
function clientThatWaits() {
  const told = new EventEmitter();
  const events: string[] = [];
  const client: GuardOptions['client'] = {
    async admit({ policy, cost = 1 }: AdmitOptions) {
      events.push('asked');
      await once(told, 'admit');
      const decided = { policy, cost, requestId: 'r-1', limits: [], decidedBy: 'daemon' as const };
      return { ...decided, degraded: false, isRepeat: false, admitted: true };
    },
    async refund({ requestId }) {
      events.push(`${requestId} given back`);
      return true;
    },
  };
  return { client, events, admit: () => told.emit('admit') };
}

/** Sends a request, and leaves as soon as its decision is awaited. */
async function leaveWhileAsked(server: Server, events: readonly string[]): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const visitor = connect((server.address() as AddressInfo).port, '127.0.0.1');
  visitor.write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  const [socket] = await accepted;
  await until('the question', () => events.includes('asked'));
  const closed = once(socket, 'close');
  visitor.destroy();
  await closed;
}

const HANDLERS = {
  Express(client: GuardOptions['client'], handled: () => void) {
    const app = express();
    app.use(
      quota({ client, policy: 'api', subject: () => '42', refundIf: (_req, res) => !res.writableFinished }),
    );
    app.get('/', (_req, res) => {
      handled();
      res.send('hello');
    });
    return app;
  },
  'Fetch, with Hono on Node'(client: GuardOptions['client'], handled: () => void) {
    const refundIf = (request: Request) => request.signal.aborted;
    const options = { client, policy: 'api', subject: () => '42', refundIf };
    return getRequestListener(
      withQuota(options, () => {
        handled();
        return new Response('hello');
      }),
    );
  },
};

test.each(Object.entries(HANDLERS))(
  '%s: a request whose connection is lost before its decision is given back if refundIf says so',
  async (_framework, guard) => {
    const { client, events, admit } = clientThatWaits();
    const server = createServer(guard(client, () => events.push('handled')));
    await leaveWhileAsked(server, events);
    admit();
    await until('the refund', () => events.length === 3);
    server.close();

    expect(events.sort()).toEqual(['asked', 'handled', 'r-1 given back']);
  },
);
