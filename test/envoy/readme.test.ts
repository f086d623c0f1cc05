import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeWithEnvoy, startApplication, startEnvoy } from '../helpers/envoy';
import { createEnvoyClient } from '../helpers/envoy_client';
import { closedAfterEach } from '../helpers/opened';

const ROOT = join(__dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const SHIPPED_POLICIES = readFileSync(join(ROOT, 'daemon/policies.yaml'), 'utf8');

const [filter = '', mapping = ''] = [...README.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
  ([, block = '']) => block,
);

/** Where the filter stands in the complete configuration, and how far that is indented. */
const FILTER =
  /^( *)- name: envoy\.filters\.http\.ratelimit\n.*?(?=^ *- name: envoy\.filters\.http\.router)/ms;

/** The limits of the complete configuration's routes: the filter has its own. */
const ROUTE_LIMITS = /^ *rate_limits:\n *- actions: \[\{ remote_address: \{\} \}\]\n/m;

const opened = closedAfterEach();

/** The complete configuration with the README's filter in place of its own. */
function withFilter(config: string, target: string): string {
  const changed = config
    .replace(FILTER, (_own, indent: string) => filter.replaceAll(/^(?=.)/gm, indent))
    .replace(ROUTE_LIMITS, '')
    .replace('127.0.0.1:50051', target)
    // On a busy machine an answer may take longer, and then Envoy passes what nobody has counted.
    .replace('timeout: 0.5s', 'timeout: 30s');
  for (const part of ['google_grpc', `"${target}"`, 'timeout: 30s']) expect(changed).toContain(part);
  expect(changed.match(/remote_address: \{\}/g)).toHaveLength(1);
  return changed;
}

/** A daemon with the policies that are shipped, and the README's mapping. */
function startMapped() {
  const space = opened.space();
  const policies = `${SHIPPED_POLICIES}\n${mapping}`;
  return opened.daemon({ redisUrl: space.url, prefix: space.prefix, policies });
}

describe('README.md, behind Envoy', () => {
  test('its mapping lets ten requests from one address pass, and denies the eleventh', async () => {
    const { target } = await startMapped();
    const client = opened.closed(createEnvoyClient(target), (each) => each.close());
    const asked = { domain: 'shop', descriptors: [{ remote_address: '192.0.2.1' }] };
    const passed = [];
    for (let count = 0; count < 11; count += 1) passed.push(await client.passes(asked));

    expect(passed).toEqual([...Array(10).fill(true), false]);
  });
});

describeWithEnvoy('README.md, with Envoy 1.40', () => {
  test('its filter lets ten requests pass, and answers the eleventh with 429 and when to come back', async () => {
    const daemon = await startMapped();
    const application = opened.closed(await startApplication(), (each) => each.stop());
    const change = (config: string) => withFilter(config, daemon.target);
    const envoy = opened.closed(
      await startEnvoy({ daemon: daemon.target, application: application.port, change }),
      (each) => each.stop(),
    );
    const answers = [];
    for (let count = 0; count < 11; count += 1) answers.push(await fetch(envoy.url));

    expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(200), 429]);
    expect(application.answeredCount()).toBe(10);
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
