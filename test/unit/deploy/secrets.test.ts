import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { parseIdentities } from '../../../daemon/access/identities';
import { tokenDigest } from '../../../daemon/access/tokens';
import { createKeys } from '../../../daemon/redis/keys';

const SCRIPT = join(__dirname, '../../../deploy/secrets.sh');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quota-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const accessFile = () => join(folder, 'access', 'access.yaml');
const readAccess = () => readFileSync(accessFile(), 'utf8');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

function makeSecrets(): string {
  const { status, stdout, stderr } = spawnSync('sh', [SCRIPT, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

describe('deploy/secrets.sh', () => {
  test('an empty folder gets an access file that the daemon takes, with a role for each token', () => {
    makeSecrets();

    expect(parseIdentities(readAccess())).toEqual([
      { name: 'web', role: 'site', tokenDigests: [tokenDigest(read('web_token'))], certificateNames: [] },
      {
        name: 'operator',
        role: 'operator',
        tokenDigests: [tokenDigest(read('operator_token'))],
        certificateNames: [],
      },
    ]);
  });

  test('changes nothing if it is run again', () => {
    makeSecrets();
    const names = ['access/access.yaml', 'web_token', 'redis_users.acl', 'mysql_tls.pem', 'mysql_tls.key'];
    const before = names.map(read);
    const said = makeSecrets();

    expect(names.map(read)).toEqual(before);
    expect(said).not.toContain('caller');
  });

  test('an access file of an earlier version is left as it is, and it says what to do about it', () => {
    makeSecrets();
    const earlier = readAccess().replace('role: site', 'role: caller');
    writeFileSync(accessFile(), earlier);
    const said = makeSecrets();

    expect(readAccess()).toBe(earlier);
    expect(said).toContain('The web tier is a caller');
  });

  test('secrets of an earlier version are each kept, so that it can still read them after a rollback', () => {
    const kept = ['redis_password', 'mysql_password', 'mysql_root_password', 'session_secret', 'web_token'];
    for (const name of kept) writeFileSync(join(folder, name), `earlier-${name}`);
    makeSecrets();

    expect(kept.map(read)).toEqual(kept.map((name) => `earlier-${name}`));
    // The user with the password that it knows may do all that it did.
    expect(read('redis_users.acl')).toContain(
      `user default on #${sha256('earlier-redis_password')} ~* &* +@all`,
    );
  });

  test('a replica may only replicate, and a Sentinel only watch and promote', () => {
    makeSecrets();
    const rightsOf = (user: string) =>
      (new RegExp(`^user ${user} on #(\\w+) (.*)$`, 'm').exec(read('redis_users.acl')) ?? []).slice(1);

    expect(rightsOf('replica')).toEqual([
      sha256(read('redis_replica_password')),
      'resetkeys resetchannels -@all +psync +replconf +ping',
    ]);
    const [digest, rights = ''] = rightsOf('sentinel');
    expect(digest).toBe(sha256(read('redis_sentinel_password')));
    expect(
      rights.split(' ').filter((right) => /^~|@(?!all)|^\+(eval|config$|acl|flush|shutdown)/.test(right)),
    ).toEqual([]);
    expect(rights).toContain('-@all');
  });

  test('every command that the daemon uses is open to its user of Redis', () => {
    makeSecrets();
    const user = /^user quota .*$/m.exec(read('redis_users.acl'))?.[0] ?? '';
    const allowed = new Set(user.split(' ').flatMap((word) => /^\+(\w+)/.exec(word)?.[1] ?? []));
    const used = commandsOf(join(__dirname, '../../../daemon'));

    expect(used.length).toBeGreaterThan(20);
    expect(used.filter((command) => !allowed.has(command))).toEqual([]);
  });

  test('every key that the daemon builds is open to its user of Redis, and no other', () => {
    makeSecrets();
    const user = /^user quota .*$/m.exec(read('redis_users.acl'))?.[0] ?? '';
    const patterns = user.split(' ').filter((word) => word.startsWith('~'));
    const isOpen = (key: string) =>
      patterns.some((pattern) =>
        pattern.endsWith('*') ? key.startsWith(pattern.slice(1, -1)) : key === pattern.slice(1),
      );
    const built = keysOf(createKeys({ prefix: '', partitions: 3 }));

    expect(built.length).toBeGreaterThan(10);
    expect(built.filter((key) => !isOpen(key))).toEqual([]);
    expect(['else', 'admin', ''].filter(isOpen)).toEqual([]);
  });
});

/** The commands of Redis in the scripts of a folder, and those that its code calls. */
function commandsOf(sources: string): string[] {
  const known = new Set(new Redis({ lazyConnect: true }).getBuiltinCommands());
  const found = readdirSync(sources, { recursive: true, encoding: 'utf8' }).flatMap((file) => {
    const pattern = file.endsWith('.lua') ? /call\('([A-Z]+)'/g : /\b(?:redis|calls)\.([a-z]+)\(/g;
    if (!/\.(lua|ts)$/.test(file)) return [];
    return [...readFileSync(join(sources, file), 'utf8').matchAll(pattern)].map(([, name = '']) => name);
  });
  return [...new Set(found.map((name) => name.toLowerCase()))].filter((name) => known.has(name));
}

/** Every key of the builder: its texts, and what its functions make of any arguments. */
function keysOf(builder: object): string[] {
  return Object.entries(builder).flatMap(([name, value]) => {
    if (['partitionOf', 'tagOf'].includes(name)) return [];
    const built: unknown = typeof value === 'function' ? value(1, 1, 'x') : value;
    if (typeof built === 'string') return [built];
    return typeof built === 'object' && built !== null ? keysOf(built) : [];
  });
}
