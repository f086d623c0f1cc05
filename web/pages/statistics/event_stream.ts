import type { Response } from 'express';

/** Proxies and browsers take a connection for dead that has been silent for long. */
const HEARTBEAT_MS = 15_000;

/** How long a browser waits before it comes back. */
const RETRY_MS = 1_000;

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to one reader. */
export type EventStream = {
  /** A reader who is slow is spared all but the last event of a kind. */
  send(kind: string, data: object): void;
  /** Nothing is sent any more. The browser comes back by itself. */
  end(): void;
};

/** Begins the answer. `onEnd` is called once, whoever ends it. */
export function openEventStream(res: Response, onEnd: () => void): EventStream {
  const waiting = new Map<string, string>();
  let isFull = false;
  let isEnded = false;

  const write = (text: string) => {
    isFull = !res.write(text);
  };
  // The connection may stay for minutes after the last byte; what is written by then would end the process.
  const finish = () => {
    if (isEnded) return;
    isEnded = true;
    clearInterval(heartbeat);
    onEnd();
  };
  const heartbeat = setInterval(() => {
    if (!isFull) write(':\n\n');
  }, HEARTBEAT_MS);
  res.on('drain', () => {
    const texts = [...waiting.values()].join('');
    waiting.clear();
    isFull = false;
    if (texts !== '' && !isEnded) write(texts);
  });
  res.on('close', finish);
  // Behind nginx an answer is gathered before it is passed on, unless it says not to.
  res.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  write(`retry: ${RETRY_MS}\n\n`);

  return {
    send(kind, data) {
      if (isEnded) return;
      const text = `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
      // Deleted first, so that what is said last stands last.
      waiting.delete(kind);
      if (isFull) waiting.set(kind, text);
      else write(text);
    },
    end() {
      finish();
      // What a reader does not take would be waited for.
      if (isFull) res.destroy();
      else res.end();
    },
  };
}
