import type { RequestHandler, Response } from 'express';
import { retryAfter } from '../../quota/rate_limit_headers';
import type { Board } from './board';
import { type EventStream, openEventStream } from './event_stream';
import type { News, Poller } from './poller';
import type { Reading } from './reading';

/** Some hundred kilobytes of memory, and more than the staff has people. */
const MAX_STREAMS = 100;

/** Then the browser comes back, and is asked anew who it is. */
const STREAM_LIFE_MS = 5 * 60 * 1_000;

const FULL_RETRY_AFTER_MS = 30_000;

type Parts = {
  poller: Poller;
  boardFor: (res: Response, reading: Reading) => Board;
  /** Aborted when the process is to end: it must not wait for streams. */
  stopping?: AbortSignal | undefined;
};

/** GET: the board as server-sent events. HEAD: only whether a reader may have them. */
export function liveBoard({ poller, boardFor, stopping }: Parts): RequestHandler {
  const streams = new Set<EventStream>();
  stopping?.addEventListener('abort', () => {
    for (const stream of [...streams]) stream.end();
  });
  return (req, res) => {
    if (streams.size >= MAX_STREAMS || stopping?.aborted) {
      res.status(503).set('Retry-After', retryAfter(FULL_RETRY_AFTER_MS)).end();
      return;
    }
    if (req.method === 'HEAD') {
      res.status(204).end();
      return;
    }
    // Who has left already would not be seen to leave.
    if (res.destroyed) return;
    const stream = openEventStream(res, () => {
      leave();
      clearTimeout(life);
      streams.delete(stream);
    });
    streams.add(stream);
    const life = setTimeout(() => stream.end(), STREAM_LIFE_MS);
    const leave = poller.subscribe((news) => tell(stream, news, (reading) => boardFor(res, reading)));
  };
}

function tell(stream: EventStream, news: News, boardOf: (reading: Reading) => Board): void {
  if (news.kind === 'away') {
    stream.send('away', {});
    return;
  }
  const board = boardOf(news.reading);
  if (news.kind === 'reading') stream.send('board', board);
  else stream.send('unchanged', board.readTime);
}
