import type { Logger } from 'pino';
import { backOff } from '../../../environment/back_off';
import { isSameReading, type Reading } from './reading';

/** Often enough for readers, and rare enough for a daemon that is starting. */
const PAUSE = { minMs: 2_000, maxMs: 30_000 };

/** Subscribers get a reading, or that nothing in it has changed, or that the reading failed. */
export type News =
  | { kind: 'reading'; reading: Reading }
  | { kind: 'unchanged'; reading: Reading }
  | { kind: 'away' };

export type Poller = {
  /** Sends the current state at once if it is known, and then all news. Returns the function that unsubscribes. */
  subscribe(listener: (news: News) => void): () => void;
};

/** Reads once for all subscribers, one reading at a time, and not at all while there are none. */
export function createPoller({ read, logger }: { read: () => Promise<Reading>; logger: Logger }): Poller {
  const listeners = new Set<(news: News) => void>();
  let latest: News | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isReading = false;
  let failures = 0;

  const poll = async () => {
    isReading = true;
    latest = await next();
    isReading = false;
    for (const listener of [...listeners]) tell(listener, latest);
    schedule();
  };
  const tell = (listener: (news: News) => void, news: News) => {
    try {
      listener(news);
    } catch (err) {
      // A failing listener must not stop the others, nor end the process.
      logger.error({ err }, 'the live statistics cannot be sent');
    }
  };
  const next = async (): Promise<News> => {
    try {
      const reading = await read();
      failures = 0;
      const isSame = latest !== undefined && latest.kind !== 'away' && isSameReading(latest.reading, reading);
      return { kind: isSame ? 'unchanged' : 'reading', reading };
    } catch (err) {
      // Once for each outage: later lines would say the same.
      if (failures === 0) logger.warn({ err }, 'the live statistics cannot be read');
      failures += 1;
      return { kind: 'away' };
    }
  };
  const schedule = () => {
    clearTimeout(timer);
    if (listeners.size > 0) timer = setTimeout(poll, backOff(failures + 1, PAUSE));
    // A later subscriber must not get an outdated reading.
    else latest = undefined;
  };

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (latest !== undefined) tell(listener, asFirst(latest));
      else if (!isReading) void poll();
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && !isReading) schedule();
      };
    },
  };
}

function asFirst(news: News): News {
  return news.kind === 'unchanged' ? { ...news, kind: 'reading' } : news;
}
