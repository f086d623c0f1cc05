import type { Request, RequestHandler, Response } from 'express';
import { retryAfter } from '../../../client/http/headers';
import type { Board } from './board';
import { type EventStream, openEventStream } from './event_stream';
import type { News, Poller } from './poller';
import type { Reading } from './reading';

/** Some hundred kilobytes of memory, and more than the staff has people. */
const MAX_STREAMS = 100;

/** Then the browser reconnects, and is authenticated again. */
const STREAM_LIFE_MS = 5 * 60 * 1_000;

/** How long a stream may outlive the session that it was opened in. */
const CHECK_EVERY_MS = 2_000;

const FULL_RETRY_AFTER_MS = 30_000;

type Parts = {
  /** The poller of the range that a request asks for. */
  pollerOf: (req: Request) => Poller;
  boardFor: (res: Response, reading: Reading) => Board;
  /** Whether the sender of a request may still read the board. */
  mayRead: (req: Request) => Promise<boolean>;
  /** Aborted when the process is to end: it must not wait for streams. */
  stopping?: AbortSignal | undefined;
};

/** GET: the board as server-sent events. HEAD: only whether a reader may have them. */
export function liveBoard({ pollerOf, boardFor, mayRead, stopping }: Parts): RequestHandler {
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
    const poller = pollerOf(req);
    // If the reader has already left, no event would report it.
    if (res.destroyed) return;
    const stream = openEventStream(res, () => {
      leave();
      clearTimeout(life);
      clearInterval(check);
      streams.delete(stream);
    });
    streams.add(stream);
    const life = setTimeout(() => stream.end(), STREAM_LIFE_MS);
    const check = setInterval(() => void endUnless(mayRead(req), stream), CHECK_EVERY_MS);
    const leave = poller.subscribe((news) => tell(stream, news, (reading) => boardFor(res, reading)));
  };
}

/** While MySQL is unreachable, nobody can log out either, and the stream goes on. */
async function endUnless(mayGoOn: Promise<boolean>, stream: EventStream): Promise<void> {
  if (!(await mayGoOn.catch(() => true))) stream.end();
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
