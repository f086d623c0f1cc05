import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Supervisor } from '../../../../scripts/processes/supervisor';
import type { Container } from '../../../../scripts/servers/containers';
import { until } from '../../../helpers/wait';

let folder: string;
const path = process.env.PATH;
let docker: typeof import('../../../../scripts/servers/containers');
let launch: Supervisor['launch'];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fake-docker-'));
  // Read when the modules are loaded.
  process.env.PATH = `${folder}:${path}`;
  docker = jest.requireActual('../../../../scripts/servers/containers');
  ({ launch } = jest.requireActual<typeof import('../../../../scripts/processes/processes')>(
    '../../../../scripts/processes/processes',
  ));
});
beforeEach(() => {
  jest.spyOn(process.stdout, 'write').mockReturnValue(true);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(join(folder, 'calls'), { force: true });
});
afterAll(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
});

/** A docker that writes down how it was called, and then does this. */
function fakeDocker(script: string): void {
  const file = join(folder, 'docker');
  writeFileSync(file, `#!/bin/sh\necho "$@" >> "${folder}/calls"\n${script}\n`);
  chmodSync(file, 0o755);
}

function calls(): string[] {
  const file = join(folder, 'calls');
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
}

const container = (): Container => ({
  name: 'redis',
  image: 'redis:8',
  folder,
  port: 16_379,
  inside: { port: 6379, data: '/data' },
  data: join(folder, 'redis'),
  options: ['--env-file=x'],
  command: ['redis-server'],
});

async function startAndStop(): Promise<void> {
  const supervisor = { launch, launchTask: launch, finish: (work: () => Promise<void>) => work() };
  const running = await docker.startContainer(supervisor, container());
  await until('it runs', () => calls().some((call) => call.startsWith('run ')));
  await running.stop();
}

describe('dockerProblem', () => {
  test('an engine of Linux containers is no problem', () => {
    fakeDocker('echo linux');

    expect(docker.dockerProblem()).toBeUndefined();
  });

  test('an engine that may not be used says why', () => {
    fakeDocker('echo "permission denied" >&2; exit 1');

    expect(docker.dockerProblem()).toBe('Docker cannot be used (permission denied)');
  });

  test('an engine of other containers is named as the problem', () => {
    fakeDocker('echo windows');

    expect(docker.dockerProblem()).toBe('Docker runs no Linux containers');
  });
});

describe('startContainer', () => {
  const steps = () => calls().map((call) => call.split(' ')[0]);

  test('an image that is there is run and removed before and after', async () => {
    fakeDocker('case "$1" in run) exec sleep 60;; esac');
    await startAndStop();

    expect(steps().filter((step) => step !== 'info')).toEqual(['image', 'rm', 'run', 'rm']);
  });

  test('an image that is missing is downloaded first', async () => {
    fakeDocker('case "$1" in image) exit 1;; run) exec sleep 60;; esac');
    await startAndStop();

    expect(steps().filter((step) => step !== 'info')).toEqual(['image', 'pull', 'rm', 'run', 'rm']);
  });

  test('a download that fails is rejected with what docker says', async () => {
    fakeDocker('case "$1" in image) exit 1;; pull) echo "no such host" >&2; exit 1;; esac');

    await expect(startAndStop()).rejects.toThrow(
      /docker pull redis:8 ended with exit code 1\.\n.*\n.*no such host/,
    );
  });
});

describe('runArguments', () => {
  test('a port has loopback alone, the data of the host, and the user who runs it', () => {
    const args = docker.runArguments(container(), ['--user=1000:1000']);

    expect(args).toContain('--publish=127.0.0.1:16379:6379');
    expect(args).toContain(`--volume=${join(folder, 'redis')}:/data:Z`);
    expect(args.slice(-4)).toEqual(['--user=1000:1000', '--env-file=x', 'redis:8', 'redis-server']);
  });

  test('two folders have two names', () => {
    const names = [folder, '/elsewhere'].map((each) =>
      docker.runArguments({ ...container(), folder: each }, []).find((arg) => arg.startsWith('--name=')),
    );

    expect(names[0]).toMatch(/^--name=etuservices-redis-[0-9a-f]{12}$/);
    expect(names[1]).not.toBe(names[0]);
  });
});
