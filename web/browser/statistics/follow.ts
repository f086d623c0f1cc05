import { backOff } from '../../../environment/back_off';
import type { Board, Clock } from '../../pages/statistics/board';

/** `away`: the site answers, but cannot read the statistics. `ended`: the reader may no longer see them. */
export type State = 'live' | 'away' | 'reconnecting' | 'ended';

type Listeners = {
  onBoard: (board: Board) => void;
  /** Only the time has changed. */
  onTime: (time: Clock) => void;
  onState: (state: State) => void;
};

/** The server ends each stream after some minutes: a reconnection within this time is no interruption. */
const GRACE_MS = 4_000;

/** The server sends something at least every 30 seconds; a dead connection brings nothing. */
const LONGEST_SILENCE_MS = 45_000;

const RETRY = { minMs: 2_000, maxMs: 30_000 };

/** Follows the server-sent events of an address while the page is visible. */
export function followBoard(url: string, listeners: Listeners): void {
  const { tell, tellSoon } = createTeller(listeners.onState);
  let source: EventSource | undefined;
  let timer = 0;
  let failures = 0;

  const lookIn = (ms: number) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(look, ms);
  };
  const close = () => {
    window.clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  // A hidden page would hold one of the few connections that a browser has for a site.
  const look = () => {
    close();
    if (document.hidden) return;
    // Until the first event, the page may be out of date.
    tellSoon('reconnecting');
    lookIn(LONGEST_SILENCE_MS);
    const opened = listen(url, listeners, (state) => {
      failures = 0;
      lookIn(LONGEST_SILENCE_MS);
      tell(state);
    });
    opened.addEventListener('error', () => {
      tellSoon('reconnecting');
      // The browser retries by itself, except after an answer that is not a stream.
      if (opened.readyState === EventSource.CLOSED) void askWhy();
    });
    source = opened;
  };
  const askWhy = async () => {
    if (await isForbidden(url)) {
      document.removeEventListener('visibilitychange', look);
      close();
      tell('ended');
      return;
    }
    failures += 1;
    lookIn(backOff(failures, RETRY));
  };

  document.addEventListener('visibilitychange', look);
  look();
}

/** Opens the stream; `tell` is called with the state after each event. */
function listen(url: string, { onBoard, onTime }: Listeners, tell: (state: State) => void): EventSource {
  const source = new EventSource(url);
  source.addEventListener('board', ({ data }) => {
    onBoard(JSON.parse(data));
    tell('live');
  });
  source.addEventListener('unchanged', ({ data }) => {
    onTime(JSON.parse(data));
    tell('live');
  });
  source.addEventListener('away', () => tell('away'));
  return source;
}

/** Reports a state at once, or after a delay during which another may replace it. */
function createTeller(onState: Listeners['onState']) {
  let timer: number | undefined;
  const tell = (state: State) => {
    window.clearTimeout(timer);
    timer = undefined;
    onState(state);
  };
  const tellSoon = (state: State) => {
    timer ??= window.setTimeout(() => tell(state), GRACE_MS);
  };
  return { tell, tellSoon };
}

/** Whether the reader is logged out, or no longer on the staff. */
async function isForbidden(url: string): Promise<boolean> {
  try {
    const { type, status } = await fetch(url, { method: 'HEAD', redirect: 'manual' });
    return type === 'opaqueredirect' || status === 403;
  } catch {
    return false;
  }
}
