/** A command that was sent. */
export interface Awaited {
  /** Whether it was answered or abandoned. */
  readonly isSettled: boolean;
  /** Abandons it. */
  reject(error: Error): void;
}

/** A command was abandoned without an answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  constructor(
    answerMs: number,
    /** Whether nothing at all was received since it was sent: a server that is only slow answers other commands meanwhile. */
    readonly wasSilent: boolean,
  ) {
    super(`no answer within ${answerMs} ms`);
  }
}

export interface SilenceOptions {
  /** A command is abandoned after this time without its answer. */
  readonly answerMs: number;
  /** A connection is closed after this time without a byte while an answer is owed. */
  readonly connectionMs: number;
  /** The bytes that the connection has read so far. */
  readonly bytesRead: () => number;
  readonly closeConnection: () => void;
}

export interface Silence {
  /** Watches a command that was just sent. */
  expectAnswer(command: Awaited): void;
}

/** The step in which time is counted: a silence is noticed at most this late. */
const STEP_MS = 25;

/**
 * Notices that Redis is silent, and never blames it for a pause of this process. A timer alone would: after a pause (a
 * stopped process, a busy machine, garbage collection) timers fire before the replies that wait in the socket are read.
 * So time is counted in timer steps, and a pause counts as one step, however long it was; after each step the event loop
 * reads what has arrived before anything is abandoned.
 */
export function watchSilence({
  answerMs,
  connectionMs,
  bytesRead,
  closeConnection,
}: SilenceOptions): Silence {
  const answerSteps = Math.ceil(answerMs / STEP_MS);
  const connectionSteps = Math.ceil(connectionMs / STEP_MS);
  // In the order of sending, so the first have waited the longest.
  let waiting: { command: Awaited; sentStep: number }[] = [];
  let step = 0;
  let isRunning = false;
  let isOwedGivenUp = false;
  let heardBytes = 0;
  let quietSinceStep = 0;

  function arm(): void {
    setTimeout(() => {
      step += 1;
      // Timers come before the poll phase, which reads the socket; this comes after it.
      setImmediate(look);
    }, STEP_MS).unref();
  }

  function look(): void {
    waiting = waiting.filter(({ command }) => !command.isSettled);
    listen();
    giveUp();
    if (step - quietSinceStep >= connectionSteps) {
      isOwedGivenUp = false;
      closeConnection();
    }
    isRunning = waiting.length > 0 || isOwedGivenUp;
    if (isRunning) arm();
  }

  function listen(): void {
    const bytes = bytesRead();
    const hasSpoken = bytes !== heardBytes;
    heardBytes = bytes;
    if (hasSpoken) isOwedGivenUp = false;
    if (hasSpoken || (waiting.length === 0 && !isOwedGivenUp)) quietSinceStep = step;
  }

  function giveUp(): void {
    for (const { command, sentStep } of waiting) {
      if (step - sentStep <= answerSteps) break;
      isOwedGivenUp = true;
      command.reject(new NoAnswer(answerMs, quietSinceStep <= sentStep));
    }
  }

  return {
    expectAnswer(command) {
      if (command.isSettled) return;
      waiting.push({ command, sentStep: step });
      if (isRunning) return;
      isRunning = true;
      quietSinceStep = step;
      heardBytes = bytesRead();
      arm();
    },
  };
}
