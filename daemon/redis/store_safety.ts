import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnsafe } from '../quota/errors';
import type { Finding } from '../quota/store_risks';
import { translateFailure } from './failures';
import { judge, readStoreSettings } from './store_settings';

/** What the settings of one Redis put at risk, read at each connection. */
export interface StoreSafety {
  /** Reads them now. Throws `StoreUnavailable` if Redis does not answer. */
  check(): Promise<readonly Finding[]>;
  /** As they were last read; undefined before that. */
  findings(): readonly Finding[] | undefined;
}

export interface StoreSafetyOptions {
  readonly redis: Redis;
  /** What the log calls the connection. */
  readonly name: string;
  /** Whether answers are to wait for the disk, by what is configured now. */
  readonly isDurable: () => boolean;
  readonly logger: Logger;
}

/** Watches over the settings of Redis that the promises depend on: a report for each change, and none in between. */
export function watchStoreSafety({ redis, name, isDurable, logger }: StoreSafetyOptions): StoreSafety {
  let known: readonly Finding[] | undefined;
  let reported = '';

  async function check(): Promise<readonly Finding[]> {
    const settings = await readStoreSettings(redis).catch((error: unknown) => {
      throw translateFailure(error);
    });
    known = judge(settings, { isDurable: isDurable() });
    report(known);
    return known;
  }

  function report(findings: readonly Finding[]): void {
    const text = JSON.stringify(findings);
    if (text === reported) return;
    reported = text;
    const shown = { redis: name, settings: inWords(findings) };
    if (findings.length === 0)
      logger.info({ redis: name }, 'the settings of redis keep what it acknowledges');
    else logger.warn(shown, 'settings of redis put promises at risk, or are unknown');
  }

  redis.on('ready', () => {
    check().catch((error: unknown) =>
      logger.debug({ redis: name, err: error }, 'settings could not be read'),
    );
  });
  return { check, findings: () => known };
}

/** Each finding in one text. */
function inWords(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ setting, state, why }) => `${setting} ${state === 'unknown' ? 'unknown' : 'at risk'}: ${why}`,
  );
}

/**
 * Refuses a store whose settings put promises at risk, or are unknown. Throws `StoreUnsafe` with every finding, or
 * `StoreUnavailable` if Redis does not answer yet.
 */
export async function requireSafeStore(safety: Readonly<Record<string, StoreSafety>>): Promise<void> {
  const found = await Promise.all(
    Object.entries(safety).map(async ([name, { check }]) =>
      inWords(await check()).map((words) => `  ${name}: ${words}`),
    ),
  );
  const lines = found.flat();
  if (lines.length > 0)
    throw new StoreUnsafe(
      `QUOTA_STRICT_STORE is 1, and the settings of Redis are not safe:\n${lines.join('\n')}`,
    );
}
