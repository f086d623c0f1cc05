import { backOff } from '../../../environment/back_off';
import type { Board, Clock } from '../../pages/statistics/board';

/** `away`: the site answers, and cannot read the statistics. `ended`: the reader may not have them any more. */
export type State = 'live' | 'away' | 'reconnecting' | 'ended';

type Listeners = {
  onBoard: (board: Board) => void;
  /** Nothing else has changed. */
  onTime: (time: Clock) => void;
  onState: (state: State) => void;
};

/** The server ends each stream after some minutes: what is back by then has not been away. */
const GRACE_MS = 4_000;

/** The server has something to tell every 30 seconds at the least; a line that is dead without an end has nothing. */
const LONGEST_SILENCE_MS = 45_000;

const RETRY = { minMs: 2_000, maxMs: 30_000 };

/** Follows the server-sent events of an address while the page is in sight. */
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
  // Out of sight it would hold one of the few connections that a browser has for a site.
  const look = () => {
    close();
    if (document.hidden) return;
    // Until the first event, what is in sight may be old.
    tellSoon('reconnecting');
    lookIn(LONGEST_SILENCE_MS);
    const opened = listen(url, listeners, (state) => {
      failures = 0;
      lookIn(LONGEST_SILENCE_MS);
      tell(state);
    });
    opened.addEventListener('error', () => {
      tellSoon('reconnecting');
      // The browser tries again by itself, but not after an answer that is no stream.
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

/** Opens the stream; `tell` hears of each event how things stand. */
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

/** Tells a state at once, or after a while in which another may take its place. */
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

/** Whether the reader is logged out, or is not of the staff any more. */
async function isForbidden(url: string): Promise<boolean> {
  try {
    const { type, status } = await fetch(url, { method: 'HEAD', redirect: 'manual' });
    return type === 'opaqueredirect' || status === 403;
  } catch {
    return false;
  }
}
