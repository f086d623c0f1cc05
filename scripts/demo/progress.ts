import { Presets, SingleBar } from 'cli-progress';
import { say } from '../console/terminal';
import { describeTally, newTally, since, type Tally } from './tally';
import type { Moment } from './timetable';

/** Shows the progress of the demonstration. */
export interface Progress {
  /** A round has been played. */
  show(round: number, tally: Tally): void;
  end(): void;
}

/** A bar at a terminal; a line for each day if the output goes to a file. */
export function createProgress(moments: readonly Moment[]): Progress {
  return process.stdout.isTTY ? bar(moments) : lines(moments);
}

function bar(moments: readonly Moment[]): Progress {
  const format = '  {bar} {percentage} %  {when}  {logins} logins, {calls} calls, {denied} denied';
  const stream = process.stdout;
  const single = new SingleBar({ format, stream, hideCursor: true, barsize: 24 }, Presets.shades_classic);
  single.start(moments.length, 0, { when: '', logins: 0, calls: 0, denied: 0 });
  return {
    show(round, tally) {
      const { logins, sales, purchases, late, deniedLogins, deniedCalls } = tally;
      const calls = sales + purchases + late;
      const denied = deniedLogins + deniedCalls;
      single.update(round + 1, { when: shortName(moments[round]), logins, calls, denied });
    },
    end: () => single.stop(),
  };
}

/** Example: "Sun 18:40". */
function shortName(moment: Moment | undefined): string {
  return moment === undefined ? '' : `${moment.day.slice(0, 3)} ${moment.clock}`;
}

function lines(moments: readonly Moment[]): Progress {
  let told = newTally();
  return {
    show(round, tally) {
      const day = moments[round]?.day;
      if (moments[round + 1]?.day === day) return;
      say(`${day}: ${describeTally(since(told, tally))}`);
      told = tally;
    },
    end: () => undefined,
  };
}
