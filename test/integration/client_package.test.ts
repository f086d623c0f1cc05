import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { createQuotaClient, type QuotaClient } from '../../client/quota_client';
import { startDaemon, type TestDaemon } from '../helpers/daemon';
import { readExample, writeExample } from '../helpers/document_examples';
import { type PackedClient, packClient } from '../helpers/packed_client';
import { freePort } from '../helpers/ports';
import { stopProcess } from '../helpers/processes';
import { openRedisSpace, type RedisSpace } from '../helpers/redis';
import { TOOLS_ENVIRONMENT, testWithGo, testWithPython, testWithRegistry } from '../helpers/toolchains';
import { until } from '../helpers/wait';
import { ADMITTED_UNCOUNTED, serve as serveFake } from '../unit/client/fake_daemon';

const run = promisify(execFile);
const ROOT = join(__dirname, '../..');
const DOCUMENT = join(ROOT, 'docs/clients.md');
const README = join(ROOT, 'README.md');
const BIN = join(ROOT, 'node_modules/.bin');

/** npm may wait for its registry. */
const INSTALLING_BOUND_MS = 180_000;

let space: RedisSpace;
let daemon: TestDaemon;
let client: QuotaClient;
let packed: PackedClient;
beforeAll(async () => {
  space = openRedisSpace();
  daemon = await startDaemon({ redisUrl: space.url, prefix: space.prefix });
  client = createQuotaClient({ targets: daemon.target, deadlineMs: 10_000 });
  packed = await packClient();
});
afterAll(async () => {
  packed.remove();
  client.close();
  await daemon.stop();
  await space.close();
});

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Uses each export, as its types allow. */
const PROGRAM = `
import { rateLimit } from 'express-rate-limit';
import type { RequestHandler } from 'express';
import { type Admission, createQuotaClient } from '@etuservices/quota-client';
import { quota } from '@etuservices/quota-client/express';
import { quotaStore } from '@etuservices/quota-client/express-rate-limit';
import { withQuota } from '@etuservices/quota-client/fetch';
import { quotaHeaders } from '@etuservices/quota-client/headers';
import { QuotaUnavailable } from '@etuservices/quota-client/unavailable';

const client = createQuotaClient({ targets: ['a:1', 'b:1'], withoutDaemon: { local: { api: { limit: 1, windowMs: 1 } } } });
export const guards: RequestHandler[] = [
  quota({ client, policy: 'api', subject: (req) => req.ip ?? '' }),
  rateLimit({ store: quotaStore({ client, policy: 'api' }) }),
];
export const handler = withQuota({ client, policy: 'api', subject: ({ url }) => url }, () => new Response('ok'));
export const fields = (admission: Admission): Record<string, string> => quotaHeaders(admission);
export const wait = (error: unknown): number => (error instanceof QuotaUnavailable ? error.retryAfterMs : 0);
// @ts-expect-error: a policy is required.
void client.admit({ subject: '42' });
`;

describe('the packed client', () => {
  test('its files are compiled code with types, the contract and the README alone', () => {
    const folders = new Set(packed.paths.map((path) => path.replace(/[^/]+$/, '')));
    const endings = new Set(packed.paths.map((path) => /(\.d\.ts|\.[a-z]+)$/.exec(path)?.[1]));

    expect([...folders].filter((folder) => !folder.startsWith('lib/'))).toEqual(['']);
    expect(packed.paths.filter((path) => !path.includes('/'))).toEqual(['README.md', 'package.json']);
    expect(endings).toEqual(new Set(['.md', '.json', '.js', '.d.ts', '.proto']));
  });

  test('each export, loaded by require and by import', async () => {
    const folder = packed.install([]);
    const names = ['', '/unavailable', '/express', '/fetch', '/express-rate-limit', '/headers'];
    const paths = names.map((name) => `@etuservices/quota-client${name}`);
    const required = paths.map((path) => `Object.keys(require('${path}'))`).join(', ');
    const imported = paths.map((path) => `Object.keys(await import('${path}'))`).join(', ');
    const print = (list: string) => `console.log(JSON.stringify([${list}]))`;
    const evaluated = async (type: string, list: string) =>
      JSON.parse(
        (await run(process.execPath, [`--input-type=${type}`, '-e', print(list)], { cwd: folder })).stdout,
      );

    const expected = [
      ['createQuotaClient'],
      ['QuotaUnavailable'],
      ['quota'],
      ['withQuota'],
      ['quotaStore'],
      ['quotaHeaders'],
    ];
    for (const keys of [await evaluated('commonjs', required), await evaluated('module', imported)])
      expect(keys).toEqual(expected.map((each) => expect.arrayContaining(each)));
  });

  test('its types are those of a program that uses all of it', async () => {
    const folder = packed.install(['@types/node', '@types/express', 'express-rate-limit']);
    writeFileSync(join(folder, 'program.ts'), PROGRAM);
    const options = ['--strict', '--noEmit', '--module', 'node20', '--target', 'es2023', '--types', 'node'];

    await run(join(BIN, 'tsc'), [...options, 'program.ts'], { cwd: folder }).catch(({ stdout }) => {
      throw new Error(stdout);
    });
  });
});

describe('README.md and docs/clients.md, servers', () => {
  test.each(['Express', 'Fetch handlers', 'express-rate-limit'])(
    '%s: ten requests pass, and the eleventh is 429 with its limits',
    async (heading) => {
      const example = readExample(DOCUMENT, heading);
      const folder = packed.install(example.packages);
      writeExample(example, folder);
      const port = await freePort();
      await serve(folder, port);

      await expectTenAndADenial(port);
    },
  );

  testWithRegistry(
    'Express: npm installs the tarball, and ten requests pass',
    async () => {
      const example = readExample(DOCUMENT, 'Express');
      const folder = packed.project();
      const [install = ''] = example.commands;
      expect(install).toMatch(/^npm install .*\.tgz$/);
      await run('sh', ['-c', `${install} --prefer-offline --no-audit --no-fund`], { cwd: folder });
      writeExample(example, folder);
      const port = await freePort();
      await serve(folder, port);

      await expectTenAndADenial(port);
    },
    INSTALLING_BOUND_MS,
  );

  test('README.md: its ten lines let ten requests pass, and the eleventh is 429 with its limits', async () => {
    const [, lines = ''] = /^```js\n(.*?)^```$/ms.exec(readFileSync(README, 'utf8')) ?? [];
    const port = await freePort();
    const server = lines.replace("'127.0.0.1:50051'", `'${daemon.target}'`).replace('3001', String(port));
    const folder = packed.install(['express']);
    writeFileSync(join(folder, 'server.js'), server);
    await serve(folder, port);

    await expectTenAndADenial(port);
    expect(server.trim().split('\n').filter(Boolean).length).toBeLessThanOrEqual(10);
  });

  async function expectTenAndADenial(port: number): Promise<void> {
    const responses: Response[] = [];
    // The examples wait for a second, as programs should: a busy machine may be late. Then all of it is asked for again.
    await until('eleven answers, each in time', async () => {
      for (const subject of ['127.0.0.1', '42']) await client.reset({ subject });
      responses.length = 0;
      for (let count = 0; count < 11; count += 1)
        responses.push(await fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-user': '42' } }));
      return responses.every(({ status }) => status !== 503);
    });

    expect(responses.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429]);
    expect(await responses[0]?.text()).toBe('hello\n');
    const denied = responses[10]?.headers;
    expect(Number(denied?.get('Retry-After'))).toBeGreaterThan(0);
    expect(denied?.get('RateLimit')).toMatch(/; ?r=0; ?t=\d+/);
  }

  /** Runs server.js, and waits until it listens. */
  async function serve(folder: string, port: number): Promise<void> {
    const env = { PATH: process.env.PATH, QUOTA_TARGET: daemon.target, PORT: String(port) };
    const child = spawn(process.execPath, ['server.js'], { cwd: folder, env, stdio: 'inherit' });
    stops.push(() => stopProcess(child));
    // A request would take from the quota.
    await until('the example listens', () => isListening(port));
  }
});

const LATE = 'no decision in time';

/** Throws any other error of a program. */
function late({ message }: Error): string {
  if (/deadline.?exceeded/i.test(message)) return LATE;
  throw new Error(message);
}

describe('docs/clients.md, programs', () => {
  test('Node can call the daemon without the package', () => expectDecisions('Node without the package'));
  testWithGo('Go', () => expectDecisions('Go'));
  testWithPython('Python can call the daemon', () => expectDecisions('Python'));

  /**
   * Runs the last block of commands, whose last line asks for one decision, and that line ten times more; then once of a daemon that
   * admits without a count.
   */
  async function expectDecisions(heading: string): Promise<void> {
    const example = readExample(DOCUMENT, heading);
    const folder = packed.install(example.packages);
    writeExample(example, folder);
    const lines = (example.commands.at(-1) ?? '').split('\n');
    const ask = lines.pop() ?? '';
    const unpack = `tar -xzf ${packed.file.split('/').at(-1)} package/lib/proto`;
    expect(example.commands[0]).toContain(unpack);
    for (const line of [unpack, ...lines]) await shell(line, folder);
    const printed: string[] = [];
    // The programs wait for a second, and a busy machine may be late. Then all of it is asked for again.
    await until('eleven decisions, each in time', async () => {
      const subject = randomUUID();
      printed.length = 0;
      for (let count = 0; count < 11; count += 1)
        printed.push(await shell(ask.replace(/\b42$/, subject), folder).catch(late));
      return !printed.includes(LATE);
    });

    const admitted = Array.from({ length: 10 }, (_, count) => `DECISION_ADMITTED: ${9 - count} left\n`);
    expect(printed).toEqual([...admitted, 'DECISION_DENIED: 0 left\n']);
    const { port } = await serveFake({ admit: (_call, callback) => callback(null, ADMITTED_UNCOUNTED) });
    expect(await shell(ask, folder, `127.0.0.1:${port}`)).toBe('DECISION_ADMITTED: not counted\n');
  }

  async function shell(line: string, folder: string, target = daemon.target): Promise<string> {
    const env = { ...process.env, ...TOOLS_ENVIRONMENT, QUOTA_TARGET: target };
    return (await run('sh', ['-c', line], { cwd: folder, env })).stdout;
  }
});

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
