import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  choosePort,
  parsePortMemory,
  portCandidates,
  rememberedPorts,
} from '../../../../scripts/servers/ports';

describe('parsePortMemory', () => {
  test('parsePortMemory: ports by name are as they were', () => {
    expect(parsePortMemory('{"redis":16379,"mysql":13306}')).toEqual({ redis: 16_379, mysql: 13_306 });
  });

  test('parsePortMemory: what cannot be a port of ours is forgotten', () => {
    expect(parsePortMemory('{"redis":6379,"mysql":3306,"a":80,"b":70000,"c":"16379","d":1.5}')).toEqual({});
  });

  test.each(['', 'not json', 'null', '[]', '7'])('parsePortMemory: %j is forgotten', (text) => {
    expect(parsePortMemory(text)).toEqual({});
  });
});

describe('portCandidates', () => {
  test('portCandidates: a remembered port is tried first and once', () => {
    const candidates = portCandidates({ remembered: 16_381, first: 16_379 });
    expect(candidates.slice(0, 4)).toEqual([16_381, 16_379, 16_380, 16_382]);
  });

  test('portCandidates: the standard ports in the range are never tried', () => {
    const candidates = portCandidates({ remembered: undefined, first: 6_378 });
    expect(candidates.slice(0, 2)).toEqual([6_378, 6_380]);
  });

  test('portCandidates: a range at the top has nothing above the highest port', () => {
    expect(portCandidates({ remembered: undefined, first: 65_534 })).toEqual([65_534, 65_535]);
  });
});

describe('choosePort', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ports-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('choosePort: a port in use, passed over and the choice remembered', async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve));
    const address = busy.address();
    const first = typeof address === 'object' && address ? address.port : 0;
    const chosen = await choosePort({ folder, name: 'redis', first });
    await new Promise((resolve) => busy.close(resolve));

    expect(chosen).toBeGreaterThan(first);
    expect(await choosePort({ folder, name: 'redis', first })).toBe(chosen);
  });

  test('choosePort: a port chosen for another server that does not listen yet is passed over', async () => {
    const daemon = await choosePort({ folder, name: 'daemon', first: 22_100 });

    expect(await choosePort({ folder, name: 'web', first: daemon })).toBeGreaterThan(daemon);
  });

  test('choosePort: two servers at the same time have both choices remembered', async () => {
    const [redis, mysql] = await Promise.all([
      choosePort({ folder, name: 'redis', first: 42_100 }),
      choosePort({ folder, name: 'mysql', first: 42_600 }),
    ]);

    expect(rememberedPorts(folder)).toEqual({ redis, mysql });
  });
});
