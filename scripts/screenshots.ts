import { join, resolve } from 'node:path';
import { runScript, say } from './console/terminal';
import type { Supervisor } from './processes/supervisor';
import { config } from './settings/config';
import { root, startFolder } from './settings/paths';
import { runJest } from './testing/jest_run';
import { onOwnServers, RUN_MARK } from './testing/own_servers';
import { startTestServers } from './testing/test_servers';

const JEST_CONFIG = join(root, 'jest.screenshots.config.js');

/** `npm run screenshots [-- FOLDER]`: pictures of each page in each of its states, for people to look at. */
function screenshots(): Promise<number> {
  const [wanted, ...args] = process.argv.slice(2);
  const folder =
    wanted === undefined ? join(startFolder, 'screenshots') : resolve(config.callerFolder, wanted);
  return onOwnServers('npm run screenshots', (supervisor) => takeAll(supervisor, { folder, args }));
}

async function takeAll(
  supervisor: Supervisor,
  { folder, args }: { folder: string; args: readonly string[] },
): Promise<number> {
  const servers = await startTestServers(supervisor);
  const { failed } = await runJest(supervisor, {
    args: ['--config', JEST_CONFIG, ...args],
    env: { ...servers, ...RUN_MARK, SCREENSHOTS_FOLDER: folder },
    workers: 1,
  });
  say(`The pictures are in ${folder}.`);
  return failed === 0 ? 0 : 1;
}

void runScript(screenshots);
