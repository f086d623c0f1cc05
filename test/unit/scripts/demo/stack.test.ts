import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findStack } from '../../../../scripts/demo/stack';
import { formatIdentity, identityOf } from '../../../../scripts/processes/identity';

let folder: string;
let site: Server;
let webListen: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'demo-stack-'));
  site = createServer((_req, res) => res.end());
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  webListen = `127.0.0.1:${(site.address() as AddressInfo).port}`;
});
afterEach(() => {
  site.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes it look as if these were running: this very process is. */
function running(...files: string[]): void {
  const identity = identityOf(process.pid);
  if (identity === undefined) throw new Error('this process runs');
  for (const file of files) writeFileSync(join(folder, file), formatIdentity(identity));
  writeFileSync(join(folder, 'ports.json'), JSON.stringify({ redis: 16_500, mysql: 13_500 }));
  writeFileSync(join(folder, 'mysql_password.secret'), 'pass\n');
}

const find = () => findStack({ folder, webListen });

describe('the stack of the demonstration', () => {
  test('what `npm start` keeps running is found', async () => {
    running('start.lock', 'web.pid', 'redis.pid', 'mysql.pid');

    expect(await find()).toEqual({
      redisUrl: 'redis://127.0.0.1:16500/0',
      mysqlUrl: 'mysql://etuservices:pass@127.0.0.1:13500/etuservices',
      site: `http://${webListen}`,
    });
  });

  test('nothing running is refused', async () => {
    await expect(find()).rejects.toThrow('run `npm start` in another terminal');
  });

  test('an `npm start` that has died is refused', async () => {
    running('redis.pid', 'mysql.pid');
    writeFileSync(join(folder, 'start.lock'), formatIdentity({ pid: process.pid, born: 'long ago' }));

    await expect(find()).rejects.toThrow('run `npm start` in another terminal');
  });

  test('an `npm start` that is still starting is refused', async () => {
    running('start.lock', 'redis.pid', 'mysql.pid');

    await expect(find()).rejects.toThrow('still starting');
  });

  test.each([[[]], [['redis.pid']], [['mysql.pid']]])(
    'only %j of the private servers running, so one of somebody else in use, is refused',
    async (files) => {
      running('start.lock', 'web.pid', ...files);

      await expect(find()).rejects.toThrow('only with the private Redis and MySQL');
    },
  );

  test('a site at another address is rejected with what to say', async () => {
    running('start.lock', 'web.pid', 'redis.pid', 'mysql.pid');
    site.close();

    await expect(find()).rejects.toThrow('WEB_LISTEN=… npm run demo');
  });
});
