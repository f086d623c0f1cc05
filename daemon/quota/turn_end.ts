/**
 * The end of a turn of the event loop: after the poll phase, in which requests are read, and after those who begin
 * requests later than that. What is queued for it is joined, and does not wait for another poll phase, which takes many
 * milliseconds under overload.
 */
let tasks: (() => void)[] = [];
let plannedEnds = 0;

/** Runs a task at the end of this turn, once. */
export function atTurnEnd(task: () => void): void {
  tasks.push(task);
  if (plannedEnds === 0) planTurnEnd();
}

/**
 * Adds an end of the turn behind the immediates that are queued by now; what was queued for an earlier end runs there. Who will
 * begin requests in an immediate calls this right after `setImmediate`: an immediate that is queued while others run would run
 * in the next turn.
 */
export function planTurnEnd(): void {
  plannedEnds += 1;
  setImmediate(end);
}

function end(): void {
  plannedEnds -= 1;
  const due = tasks;
  tasks = [];
  runEach(due);
}

/** A task that throws keeps none of the others from running. */
function runEach([task, ...others]: readonly (() => void)[]): void {
  if (task === undefined) return;
  try {
    task();
  } finally {
    runEach(others);
  }
}
