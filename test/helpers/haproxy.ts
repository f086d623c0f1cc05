import { spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import type { TestDaemon } from './daemon';
import type { Opened } from './opened';
import { freePort } from './ports';
import { parsePrometheusText } from './prometheus_text';
import { until } from './wait';

export const HAPROXY_FILE = join(__dirname, '../../deploy/haproxy/haproxy.cfg');

/** Of every post, as HAProxy checks one port of all. */
const HTTP_PORT = 9464;

/** HTTP/2 without TLS. */
const PLAIN = 'proto h2';

/** Where calls come in. */
const QUOTA_BIND = /^( *bind "\$\{HAPROXY_QUOTA_LISTEN.*?" )proto h2$/m;

/** Tests that need HAProxy; skipped, which the report shows, on a machine without it. */
export const describeWithHaproxy = spawnSync('haproxy', ['-v']).status === 0 ? describe : describe.skip;

/** Where one daemon after the other listens. */
export interface Post {
  /** HOST:PORT of gRPC. */
  readonly listen: string;
  /** HOST:PORT of the probes. */
  readonly httpListen: string;
}

/** An address of loopback that no other test has, so that its ports are free again for the next daemon. */
export function openPost(): Post {
  const host = ['127', randomInt(1, 255), randomInt(256), randomInt(1, 255)].join('.');
  return { listen: `${host}:50051`, httpListen: `${host}:${HTTP_PORT}` };
}

/** A HAProxy of the test's own, with the configuration of the compose stack. */
export interface OwnHaproxy {
  /** HOST:PORT of gRPC. */
  readonly target: string;
  /** http://HOST:PORT of its own state. */
  readonly stateUrl: string;
  /** The posts that it sends calls to now. */
  readyPosts(): Promise<Post[]>;
  close(): Promise<void>;
}

/** What differs from the configuration of the compose stack. */
export interface HaproxyOptions {
  readonly mode?: 'http' | 'tcp';
  /** What follows the address in the frontend. */
  readonly bind?: string;
  /** What follows the address of each server. */
  readonly server?: string;
  /** What these name, by its name. */
  readonly files?: Readonly<Record<string, Buffer>>;
}

/** Resolves once it sends calls to all of the posts. */
export async function startHaproxy(
  posts: readonly Post[],
  { mode = 'http', bind = PLAIN, server: toServer = PLAIN, files = {} }: HaproxyOptions = {},
): Promise<OwnHaproxy> {
  const folder = mkdtempSync(join(tmpdir(), 'quota-haproxy-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const frontend = join(folder, 'haproxy.cfg');
  writeFileSync(
    frontend,
    readFileSync(HAPROXY_FILE, 'utf8').replace(QUOTA_BIND, `$1${bind}\n  mode ${mode}`),
  );
  const servers = join(folder, 'servers.cfg');
  const lines = [
    'backend daemons',
    `  mode ${mode}`,
    '  balance roundrobin',
    '  option httpchk',
    `  http-check connect port ${HTTP_PORT} proto h1`,
    '  http-check send meth GET uri /readyz',
    '  http-check expect status 200',
    ...posts.map(({ listen }, at) => `  server post-${at} ${listen} ${toServer}`),
  ];
  writeFileSync(servers, [...lines, ''].join('\n'));
  const target = `127.0.0.1:${await freePort()}`;
  const state = `127.0.0.1:${await freePort()}`;
  const server = spawn('haproxy', ['-db', '-f', frontend, '-f', servers], {
    cwd: folder,
    env: { PATH: process.env.PATH, HAPROXY_QUOTA_LISTEN: target, HAPROXY_STATE_LISTEN: state },
    stdio: 'ignore',
  });
  const stateUrl = `http://${state}`;

  async function readyPosts(): Promise<Post[]> {
    const text = await (await fetch(`${stateUrl}/metrics`)).text();
    return posts.filter((_, at) =>
      text.includes(`haproxy_server_status{proxy="daemons",server="post-${at}",state="UP"} 1`),
    );
  }

  async function close(): Promise<void> {
    if (server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
    }
    rmSync(folder, { recursive: true, force: true });
  }

  try {
    await until('every daemon behind HAProxy', async () => {
      if (server.exitCode !== null) throw new Error(`haproxy ended with ${server.exitCode}`);
      return (await readyPosts().catch(() => [])).length === posts.length;
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { target, stateUrl, readyPosts, close };
}

interface Behind extends HaproxyOptions {
  /** For each of the daemons. */
  readonly env?: Record<string, string>;
}

/** Two daemons on one store, behind one HAProxy. */
export async function openBehindHaproxy(
  opened: Opened,
  { env = {}, ...options }: Behind = {},
): Promise<{ posts: Post[]; daemons: TestDaemon[]; haproxy: OwnHaproxy }> {
  const space = opened.space();
  const posts = [openPost(), openPost()];
  const daemons = await Promise.all(
    posts.map(({ listen, httpListen }) =>
      opened.daemon({
        redisUrl: space.url,
        prefix: space.prefix,
        env: { QUOTA_LISTEN: listen, QUOTA_HTTP_LISTEN: httpListen, ...env },
      }),
    ),
  );
  const haproxy = opened.closed(await startHaproxy(posts, options), (each) => each.close());
  return { posts, daemons, haproxy };
}

/** How many Admit calls the daemon at a post has answered. */
export async function admitCount({ httpListen }: Post): Promise<number> {
  const text = await (await fetch(`http://${httpListen}/metrics`)).text();
  const samples = parsePrometheusText(text).get('quota_calls_total')?.samples ?? [];
  const [, count = 0] = [...samples].find(([series]) => /QuotaService\/Admit".*"OK"/.test(series)) ?? [];
  return count;
}
