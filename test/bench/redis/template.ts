import { setTimeout as pause } from 'node:timers/promises';
import { startMonitor } from './monitor';

const PATIENCE_MS = 1_000;
const STEP_MS = 10;

/**
 * Twelve characters each, for which twelve digits can stand in any encoding without a length changing: of the subject of a
 * call, and in the id of its request.
 */
export const SUBJECT = '__subject___';
const TAKING = '__taking____';
const DIGITS = 12;

/** Another subject, as long as the number of a user of a large site: for what a name's length matters to. */
export const USER = '__user';

/** What redis-benchmark replaces by a random number in each call. */
export const RANDOM = '__rand_int__';

/** A command that a daemon sent to Redis: its parts, with `SUBJECT` and `TAKING` in place of each call's own numbers. */
export type Template = readonly Buffer[];

/** Which numbers a call has. */
export interface Numbers {
  readonly subject: number;
  readonly taking: number;
}

/** A request id whose 16 bytes end with `TAKING`. The ids of one call differ by their `lead`, of four digits at most. */
export function templateRequestId(lead: number): string {
  return uuidOf(Buffer.from(`${String(lead).padStart(4, '0')}${TAKING}`));
}

/** The command of a template with numbers in their places. */
export function numbered(template: Template, { subject, taking }: Numbers): Buffer[] {
  return filled(template, { subject: digitsOf(subject), taking: digitsOf(taking) });
}

/** The same with `RANDOM` in these places. */
export function randomized(template: Template): Buffer[] {
  return filled(template, { subject: RANDOM, taking: RANDOM });
}

/** Captures the call of a script or function that the act makes a daemon send for `SUBJECT` or `USER`. */
export async function captureTemplate(port: number, act: () => Promise<unknown>): Promise<Template> {
  const monitor = await startMonitor(port);
  try {
    await act();
    // The monitor has a connection of its own, and may hear of a command after its answer.
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += STEP_MS) {
      const found = monitor.commands.find(isCallForSubject);
      if (found) return found;
      await pause(STEP_MS);
    }
  } finally {
    monitor.stop();
  }
  throw new Error('the daemon has called no script or function');
}

function isCallForSubject([command, ...parts]: Template): boolean {
  const name = command?.toString().toUpperCase();
  return (
    (name === 'FCALL' || name === 'EVALSHA') &&
    parts.some((part) => part.includes(SUBJECT) || part.includes(USER))
  );
}

function filled(template: Template, { subject, taking }: { subject: string; taking: string }): Buffer[] {
  const replacements = [
    { from: SUBJECT, to: subject },
    { from: USER, to: subject.slice(-USER.length) },
    { from: TAKING, to: taking },
    // An id may stand there as text: as hexadecimal digits with dashes.
    { from: uuidEnd(TAKING), to: uuidEnd(taking) },
  ];
  return template.map((part) => replacements.reduce(replaced, part));
}

/** A part with other text of the same length in all places. */
function replaced(part: Buffer, { from, to }: { from: string; to: string }): Buffer {
  let at = part.indexOf(from);
  if (at < 0) return part;
  const copy = Buffer.from(part);
  for (; at >= 0; at = copy.indexOf(from, at + from.length)) copy.write(to, at, 'latin1');
  return copy;
}

/** A number in the place of twelve characters. */
export function digitsOf(number: number): string {
  return String(number).padStart(DIGITS, '0');
}

/** The text of an id's last twelve bytes. */
function uuidEnd(text: string): string {
  return uuidOf(Buffer.from(`0000${text}`)).slice('00000000-'.length);
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
