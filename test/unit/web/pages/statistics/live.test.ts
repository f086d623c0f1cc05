import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Request, Response } from 'express';
import type { Board } from '../../../../../web/pages/statistics/board';
import { liveBoard } from '../../../../../web/pages/statistics/live';
import type { News } from '../../../../../web/pages/statistics/poller';
import { READING } from './readings';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** An answer on its way to a reader who takes nothing more once `isSlow`. */
class FakeResponse extends EventEmitter {
  statusCode = 200;
  headers: Record<string, string> = {};
  written: string[] = [];
  state: 'open' | 'ended' | 'destroyed' = 'open';
  isSlow = false;
  destroyed = false;

  status(code: number) {
    this.statusCode = code;
    return this;
  }
  set(fields: Record<string, string> | string, value = '') {
    Object.assign(this.headers, typeof fields === 'string' ? { [fields]: value } : fields);
    return this;
  }
  write(text: string) {
    this.written.push(text);
    return !this.isSlow;
  }
  end() {
    this.state = 'ended';
    this.emit('close');
  }
  destroy() {
    this.state = 'destroyed';
    this.emit('close');
  }
}

/** The handler with a poller of the test's own. */
function serve() {
  const listeners = new Set<(news: News) => void>();
  const stopping = new AbortController();
  const poller = {
    subscribe(listener: (news: News) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  let sequence = 0;
  // Only its number matters here.
  const boardFor = () => ({ readTime: { text: `${++sequence}`, iso: '' } }) as Board;
  const session: { answer: boolean | Error } = { answer: true };
  const mayRead = async () => {
    if (session.answer instanceof Error) throw session.answer;
    return session.answer;
  };
  const handler = liveBoard({ pollerOf: () => poller, boardFor, mayRead, stopping: stopping.signal });
  const open = (method = 'GET', response = new FakeResponse()) => {
    handler({ method } as Request, response as unknown as Response, () => undefined);
    return response;
  };
  const tell = (kind: News['kind']) => {
    for (const listener of listeners) listener(kind === 'away' ? { kind } : { kind, reading: READING });
  };
  return { open, tell, session, stopping, listeners };
}

describe('liveBoard', () => {
  test('live: sends an event for each news of the poller', () => {
    const { open, tell } = serve();
    const response = open();
    tell('reading');
    tell('unchanged');
    tell('away');

    expect(response.headers).toMatchObject({
      'Content-Type': 'text/event-stream',
      'X-Accel-Buffering': 'no',
    });
    expect(response.written).toEqual([
      'retry: 1000\n\n',
      'event: board\ndata: {"readTime":{"text":"1","iso":""}}\n\n',
      'event: unchanged\ndata: {"text":"2","iso":""}\n\n',
      'event: away\ndata: {}\n\n',
    ]);
  });

  test('live: without news, sends a comment every 15 seconds', () => {
    const response = serve().open();
    jest.advanceTimersByTime(30_000);
    expect(response.written.slice(1)).toEqual([':\n\n', ':\n\n']);
  });

  test('live: a reader who is slow is spared all but the last of each kind', () => {
    const { open, tell } = serve();
    const response = open();
    response.isSlow = true;
    tell('reading');
    for (const kind of ['away', 'reading', 'away', 'reading', 'reading'] as const) tell(kind);
    jest.advanceTimersByTime(60_000);
    const before = response.written.length;
    response.isSlow = false;
    response.emit('drain');

    expect(before).toBe(2);
    expect(response.written.slice(2)).toEqual([
      'event: away\ndata: {}\n\nevent: board\ndata: {"readTime":{"text":"4","iso":""}}\n\n',
    ]);
  });

  test('live: ends after five minutes, so that the reader is asked again who it is', () => {
    const { open, listeners } = serve();
    const response = open();
    jest.advanceTimersByTime(299_999);
    const before = response.state;
    jest.advanceTimersByTime(1);

    expect([before, response.state]).toEqual(['open', 'ended']);
    expect(listeners.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('live: the session of the reader ends, so does the stream within two seconds', async () => {
    const { open, session, listeners } = serve();
    const response = open();
    await jest.advanceTimersByTimeAsync(60_000);
    const before = response.state;
    session.answer = false;
    await jest.advanceTimersByTimeAsync(2_000);

    expect([before, response.state]).toEqual(['open', 'ended']);
    expect(listeners.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('live: the session cannot be looked up, the stream goes on', async () => {
    const { open, session } = serve();
    const response = open();
    session.answer = new Error('no database');
    await jest.advanceTimersByTimeAsync(10_000);

    expect(response.state).toBe('open');
  });

  test('live: the reader leaves, nothing goes on', () => {
    const { open, listeners } = serve();
    open().emit('close');

    expect(listeners.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('live: the reader has left before it began, nothing begins', () => {
    const { open, listeners } = serve();
    const gone = new FakeResponse();
    gone.destroyed = true;
    open('GET', gone);

    expect(listeners.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('live: ended, and the reader takes the rest late, nothing more is written', () => {
    const { open, tell, listeners } = serve();
    const late = new FakeResponse();
    // The connection closes only once all of it is taken.
    late.end = () => {
      late.state = 'ended';
    };
    open('GET', late);
    jest.advanceTimersByTime(300_000);
    const before = late.written.length;
    tell('reading');
    late.emit('drain');
    jest.advanceTimersByTime(60_000);

    expect(late.state).toBe('ended');
    expect(late.written).toHaveLength(before);
    expect(listeners.size).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('live: every stream ends at once if the process stops, and no new one begins', () => {
    const { open, tell, stopping } = serve();
    const [quick, slow] = [open(), open()];
    slow.isSlow = true;
    tell('reading');
    stopping.abort();

    expect([quick.state, slow.state]).toEqual(['ended', 'destroyed']);
    expect(open().statusCode).toBe(503);
  });

  test('live: with a hundred streams, the next learns when to come back, and is let in once one has left', () => {
    const { open } = serve();
    const [first] = Array.from({ length: 100 }, () => open());
    const refused = open();
    first?.emit('close');

    expect([refused.statusCode, refused.headers['Retry-After']]).toEqual([503, '30']);
    expect(open().statusCode).toBe(200);
  });

  test('live: asked whether it may, it is a 204 and no stream', () => {
    const { open, listeners } = serve();
    expect(open('HEAD').statusCode).toBe(204);
    expect(listeners.size).toBe(0);
  });
});
