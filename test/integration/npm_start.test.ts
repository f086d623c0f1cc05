import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { provided } from '../helpers/environment';
import { createTestDatabase } from '../helpers/mysql';
import { closedAfterEach } from '../helpers/opened';
import { freePort } from '../helpers/ports';
import { stopProcess } from '../helpers/processes';
import { copyProject, type ProjectCopy } from '../helpers/project_copy';
import { until } from '../helpers/wait';

/** The project is built anew in between, beside all the other tests. */
const BOUND_MS = 300_000;

const opened = closedAfterEach();

async function startAll(project: ProjectCopy): Promise<void> {
  const database = opened.closed(await createTestDatabase(), ({ drop }) => drop());
  const [quota, http, web, metrics] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const child = project.run(['start'], {
    REDIS_URL: provided('TEST_REDIS_URL'),
    MYSQL_URL: database.url,
    QUOTA_KEY_PREFIX: opened.space().prefix,
    QUOTA_LISTEN: `127.0.0.1:${quota}`,
    QUOTA_HTTP_LISTEN: `127.0.0.1:${http}`,
    WEB_LISTEN: `127.0.0.1:${web}`,
    WEB_METRICS_LISTEN: `127.0.0.1:${metrics}`,
  });
  opened.closed(child, stopProcess);
  await until('the site is ready', () => isReady(child.exitCode, web), { boundMs: BOUND_MS });
}

async function isReady(exitCode: number | null, port: number): Promise<boolean> {
  if (exitCode !== null) throw new Error(`npm start ended with ${exitCode}`);
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  return answer?.ok ?? false;
}

const reloads = (project: ProjectCopy) =>
  project.read('.local/daemon.log').split('policies reloaded').length - 1;

test(
  'npm start: the policies file edited, reloaded once, and a check that builds changes nothing',
  async () => {
    const project = opened.closed(copyProject(), ({ remove }) => remove());
    await startAll(project);
    const file = join(project.folder, 'daemon/policies.yaml');
    writeFileSync(file, `${readFileSync(file, 'utf8')}# ${randomUUID()}\n`);
    await until('the edit is in force', () => reloads(project) === 1);

    const running = project.read('.local/running/dist/daemon/policies.yaml');
    expect(await project.finish(['policies_check', 'daemon/policies.yaml'])).toBe(0);
    // The check has built the project with the edit, which is what no running program may see.
    expect(project.read('dist/daemon/policies.yaml')).toBe(project.read('daemon/policies.yaml'));
    expect(project.read('.local/running/dist/daemon/policies.yaml')).toBe(running);
    expect(reloads(project)).toBe(1);
  },
  BOUND_MS,
);
