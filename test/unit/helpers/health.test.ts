import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { watchHealth } from '../../helpers/health';
import { closedAfterEach } from '../../helpers/opened';
import { freePort } from '../../helpers/ports';
import { until } from '../../helpers/wait';

const opened = closedAfterEach();

test('a watch of the health outlives a connection that fails', async () => {
  const port = await freePort();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  opened.closed(server.listen(port, '127.0.0.1'), (each) => each.close());

  const health = opened.closed(watchHealth(`127.0.0.1:${port}`), (watch) => watch.close());
  await until('another connection', () => connections > 1);

  expect(health.hasEnded).toBe(false);
});
