import type { Response } from 'express';

/** Proxies and browsers treat a connection that is silent for long as dead. */
const HEARTBEAT_MS = 15_000;

/** How long a browser waits before it comes back. */
const RETRY_MS = 1_000;

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) to one reader. */
export type EventStream = {
  /** A slow reader gets only the last event of each name. */
  send(kind: string, data: object): void;
  /** Ends the stream. The browser reconnects by itself. */
  end(): void;
};

/** Begins the answer. `onEnd` is called once, no matter who ends it. */
export function openEventStream(res: Response, onEnd: () => void): EventStream {
  const waiting = new Map<string, string>();
  let isFull = false;
  let isEnded = false;

  const write = (text: string) => {
    isFull = !res.write(text);
  };
  // The connection may stay for minutes after the last byte; a later write would end the process.
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
  // nginx buffers an answer before passing it on, unless this header is set.
  res.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' });
  write(`retry: ${RETRY_MS}\n\n`);

  return {
    send(kind, data) {
      if (isEnded) return;
      const text = `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
      // Deleted first, so that the latest comes last.
      waiting.delete(kind);
      if (isFull) waiting.set(kind, text);
      else write(text);
    },
    end() {
      finish();
      // An ordinary end would wait for data that the reader does not take.
      if (isFull) res.destroy();
      else res.end();
    },
  };
}
