import type { Logger } from 'pino';
import { StoreUnsafe } from '../quota/errors';
import { type Finding, SETTINGS } from '../quota/store_risks';
import { translateFailure } from './failures';
import { type Database, mastersOf, watchConnections } from './nodes';
import { type AskedWaits, judge, readStoreSettings } from './store_settings';

/** The risks in the settings of one Redis, read at each connection. */
export interface StoreSafety {
  /** Reads the settings now. Throws `StoreUnavailable` if Redis does not answer. */
  check(): Promise<readonly Finding[]>;
  /** As they were last read; undefined before that. */
  findings(): readonly Finding[] | undefined;
}

export interface StoreSafetyOptions {
  readonly redis: Database;
  /** What the log calls the connection. */
  readonly name: string;
  /** What answers wait for, by the current configuration. */
  readonly waits: () => AskedWaits;
  readonly logger: Logger;
}

/** Watches the settings of Redis that the guarantees depend on, and reports each change. */
export function watchStoreSafety({ redis, name, waits, logger }: StoreSafetyOptions): StoreSafety {
  let known: readonly Finding[] | undefined;
  let reported = '';

  async function check(): Promise<readonly Finding[]> {
    const settings = await Promise.all(mastersOf(redis).map(readStoreSettings)).catch((error: unknown) => {
      throw translateFailure(error);
    });
    known = worst(settings.map((each) => judge(each, waits())));
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

  watchConnections(redis, {
    ready() {
      check().catch((error: unknown) =>
        logger.debug({ redis: name, err: error }, 'settings could not be read'),
      );
    },
  });
  return { check, findings: () => known };
}

/** The first finding for each setting over several servers, known ones first. */
function worst(findings: readonly (readonly Finding[])[]): readonly Finding[] {
  const all = findings.flat();
  return SETTINGS.flatMap((setting) => {
    const about = all.filter((finding) => finding.setting === setting);
    return about.find(({ state }) => state === 'at_risk') ?? about[0] ?? [];
  });
}

/** Each finding in one text. */
function inWords(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ setting, state, why }) => `${setting} ${state === 'unknown' ? 'unknown' : 'at risk'}: ${why}`,
  );
}

/**
 * Rejects a store whose settings put guarantees at risk, or are unknown. Throws `StoreUnsafe` with every finding, or
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
