import { describe, outliveTerminal, red, say } from '../console/terminal';
import { lastLines } from './logs';
import { type Launch, launch, type Running } from './processes';

/** Everything that a script has started, so that all of it can be stopped in order. */
export interface Supervisor {
  /** Starts a program that is meant to run until we stop it. */
  launch(spec: Launch): Running;
  /** Starts a program that is meant to end by itself. */
  launchTask(spec: Launch): Running;
  /** Does a piece of work that is not to be cut off in the middle; stopping waits for it. */
  finish(work: () => Promise<void>): Promise<void>;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does the work, and stops everything that it started, the last first, however it ends: by itself, by a failure, by
 * a signal, or because a program died that was meant to run. Returns the exit code.
 */
export async function supervised({
  work,
  codeWhenStopped,
}: {
  work: (supervisor: Supervisor) => Promise<number>;
  codeWhenStopped: number;
}): Promise<number> {
  outliveTerminal();
  const { supervisor, death, stopAll } = supervise();
  const stopped = firstSignal().then(() => {
    say('\nStopping …');
    return codeWhenStopped;
  });
  const died = death.then((running) => {
    say(`${red(`${running.name} ${running.end()}, unexpectedly.`)}\n${lastLines(running.log)}`);
    return 1;
  });
  try {
    return await Promise.race([work(supervisor), stopped, died]);
  } catch (error) {
    process.stderr.write(`${describe(error)}\n`);
    return 1;
  } finally {
    await stopAll();
  }
}

function supervise(): { supervisor: Supervisor; death: Promise<Running>; stopAll: () => Promise<void> } {
  const all: Running[] = [];
  let stopping = false;
  let unfinished: Promise<unknown> = Promise.resolve();
  let reportDeath: (running: Running) => void = () => {};
  const death = new Promise<Running>((resolve) => {
    reportDeath = resolve;
  });

  const start = (spec: Launch) => {
    if (stopping) throw new Error(`${spec.name} is not started: everything is being stopped`);
    const running = launch(spec);
    all.push(running);
    return running;
  };
  const supervisor: Supervisor = {
    launch(spec) {
      const running = start(spec);
      running.ended.then(() => !stopping && reportDeath(running));
      return running;
    },
    launchTask: start,
    finish(work) {
      const done = work();
      unfinished = Promise.allSettled([unfinished, done]);
      return done;
    },
  };
  const stopAll = async () => {
    stopping = true;
    await unfinished;
    for (const running of all.reverse()) await running.stop();
  };
  return { supervisor, death, stopAll };
}

/** Handled for good: a second Ctrl-C must not cut off the work of stopping. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of SIGNALS) process.on(name, () => resolve());
  });
}
