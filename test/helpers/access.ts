import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials } from '@grpc/grpc-js';
import type { Role } from '../../daemon/access/identities';
import { tokenDigest } from '../../daemon/access/tokens';
import type { TestDaemon } from './daemon';
import { type ClientCredentials, tokenMetadata } from './quota_client';
import { until } from './wait';

/** A folder of files that programs watch. */
export interface Folder {
  /** Writes a file as an operator should, in one step; returns its path. */
  write(name: string, content: string | Buffer): string;
  remove(): void;
}

export function createFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'quota-access-'));
  return {
    write(name, content) {
      const path = join(folder, name);
      writeFileSync(`${path}.new`, content);
      renameSync(`${path}.new`, path);
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface TestIdentity {
  readonly name: string;
  readonly role: Role;
  readonly tokens?: readonly string[];
  readonly certificate?: string;
  readonly policies?: readonly string[];
  readonly subject_prefix?: string;
  readonly max_cost?: number;
  readonly weight?: number;
}

/** The text of an access file. */
export function accessFile(identities: readonly TestIdentity[]): string {
  const entries = identities.map(({ tokens, ...rest }) => ({
    ...rest,
    ...(tokens && { token_sha256: tokens.map((token) => tokenDigest(token).toString('hex')) }),
  }));
  return `${JSON.stringify({ identities: entries }, undefined, 2)}\n`;
}

/** A call that hangs for this long has failed its test. */
const DEADLINE_MS = 30_000;

/** A unary call of any method, with no message. */
export function callEmpty(
  target: string,
  { path, channel, token }: ClientCredentials & { path: string },
): Promise<Buffer> {
  const client = new Client(target, channel ?? credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  const options = { deadline: Date.now() + DEADLINE_MS };
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      asIs,
      asIs,
      Buffer.alloc(0),
      tokenMetadata(token),
      options,
      (error, answer) => {
        client.close();
        if (error) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      },
    );
  });
}

/** Changes files, and waits until the daemon has logged it once more. */
export async function noticed(
  { log }: Pick<TestDaemon, 'log'>,
  message: string,
  change: () => void,
): Promise<void> {
  const told = () => log.filter(({ msg }) => msg.startsWith(message)).length;
  const before = told();
  change();
  await until(`the log line "${message}"`, () => told() > before);
}

/** Enough callers to notice even a moment of outage. */
const ASKERS = 5;

/** Asks repeatedly, several at once, during the work; returns the failures. */
export async function failuresDuring(
  ask: () => Promise<unknown>,
  work: () => Promise<void>,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  let asked = 0;
  let isDone = false;
  const askers = Array.from({ length: ASKERS }, async () => {
    while (!isDone) {
      await ask().catch((error) => failures.push(error));
      asked += 1;
    }
  });
  await work().finally(() => {
    isDone = true;
  });
  await Promise.all(askers);
  if (asked < ASKERS * 2) throw new Error(`only ${asked} were asked meanwhile, which shows nothing`);
  return failures;
}
