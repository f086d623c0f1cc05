import type { Logger } from 'pino';
import type { Policy } from '../../quota/policies';
import { retainMs } from '../../quota/policy_bounds';
import type { Keys } from '../keys';
import { callFunction } from '../library';
import type { Database } from '../nodes';
import { pack, unpack } from '../packing';
import type { Conversion } from './encoder';

const US_PER_MS = 1000;

/** Well within the ten minutes after which the functions forget a daemon: see `scripts/lib/control.lua`. */
const REPEAT_MS = 60_000;

/** A partition that did not answer is retried after this time. */
const RETRY_MS = 1_000;

/** Keeps announcing this daemon's policies to the store. */
export interface Announcer {
  /**
   * Announces now, to all partitions unless one is given, after an opening or a change of policies. Never throws: it is
   * repeated anyway.
   */
  announce(partition?: number): Promise<void>;
  stop(): void;
}

export interface AnnouncerOptions {
  readonly redis: Database;
  readonly keys: Keys;
  readonly partitions: number;
  /** The policies in force. */
  readonly policies: () => Iterable<Policy>;
  /** Called with the limits whose algorithm has changed recently. */
  readonly onConversions: (conversions: readonly Conversion[]) => void;
  readonly logger: Logger;
}

export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { partitions, policies, onConversions, logger } = options;
  const known = new Map<number, readonly Conversion[]>();
  const retries = new Set<number>();
  let retry: NodeJS.Timeout | undefined;
  const all = Array.from({ length: partitions }, (_, partition) => partition);

  async function announceTo(partition: number, isNew: boolean): Promise<void> {
    try {
      const announced = { policies: [...policies()], isNew };
      known.set(partition, await announcePolicies(options, { partition, ...announced }));
    } catch (error) {
      logger.debug({ partition, err: error }, 'the policies could not be announced yet');
      retries.add(partition);
      retry ??= setTimeout(announceAgain, RETRY_MS).unref();
    }
  }

  function announceAgain(): void {
    const missed = [...retries];
    retries.clear();
    retry = undefined;
    void announce(missed, true);
  }

  async function announce(to: readonly number[], isNew: boolean): Promise<void> {
    await Promise.all(to.map((partition) => announceTo(partition, isNew)));
    onConversions(latestOf(known.values()));
  }

  const timer = setInterval(() => void announce(all, false), REPEAT_MS).unref();
  return {
    announce: (partition) => announce(partition === undefined ? all : [partition], true),
    stop() {
      clearInterval(timer);
      clearTimeout(retry);
    },
  };
}

/**
 * Announces policies to a partition: how long their takings are needed, so that no daemon with a shorter window removes
 * what this one counts, and their limits' algorithms and windows. Returns the limits whose algorithm has changed
 * recently.
 */
export async function announcePolicies(
  { redis, keys }: { redis: Database; keys: Keys },
  { partition, policies, isNew }: { partition: number; policies: readonly Policy[]; isNew: boolean },
): Promise<Conversion[]> {
  const announced = pack(
    policies.map((policy) => [
      policy.name,
      retainMs(policy) * US_PER_MS,
      policy.limits.flatMap(({ name, algorithm, windowMs }) => [name, algorithm, windowMs * US_PER_MS]),
    ]),
  );
  const call = { keys: [keys.control(partition)], args: [announced, Number(isNew)] };
  const values = unpack((await callFunction(redis, 'announce', call)) as Buffer) as (string | number)[];
  const conversions: Conversion[] = [];
  for (let at = 0; at < values.length; at += 3) {
    const [policy, limit, convertedUs] = values.slice(at, at + 3) as [string, string, number];
    conversions.push({ policy, limit, convertedUs });
  }
  return conversions;
}

/** Each partition has its own clock; the latest moment is the safe choice. */
function latestOf(known: Iterable<readonly Conversion[]>): Conversion[] {
  const latest = new Map<string, Conversion>();
  for (const conversion of [...known].flat()) {
    const name = `${conversion.policy}:${conversion.limit}`;
    if (conversion.convertedUs >= (latest.get(name)?.convertedUs ?? 0)) latest.set(name, conversion);
  }
  return [...latest.values()];
}
