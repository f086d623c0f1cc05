import type { Result } from './figure';
import { type Spread, spreadOf } from './statistics';

/** Prints a line of the report. */
export type Say = (line: string) => void;

const TITLE_WIDTH = 74;
const VALUE_WIDTH = 12;
const SPREAD_WIDTH = 20;

/** Of what a failure says; all of it is in the JSON. */
const FAILURE_LENGTH = 200;

/** The table of the figures, and below it what the bounded ones that were missed are called. */
export function tableOf(results: readonly Result[]): string[] {
  const header = row(['figure', 'median', 'min – max', 'bound']);
  return [header, '─'.repeat(header.length + 8), ...results.flatMap(linesOf), '', verdictOf(results)];
}

/** 1 if a bound was missed, 0 otherwise. */
export function exitCodeOf(results: readonly Result[]): number {
  return results.every(({ isMet }) => isMet) ? 0 : 1;
}

/** Everything that was measured, for programs. */
export function jsonOf(results: readonly Result[], run: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ ...run, figures: results }, undefined, 2)}\n`;
}

function linesOf(result: Result): string[] {
  const { title, value, spread, unit, bound, parts, partRounds, failure, name } = result;
  const verdict = bound ? ` ${bound.is} ${bound.value}${unitText(unit)}` : '';
  const mark = result.isMet ? '' : '  ✗ MISSED';
  const shownSpread = spread && textOf(spread);
  const shown = value === undefined ? '–' : `${format(value)}${unitText(unit)}`;
  const detail = Object.entries(parts).map(
    ([part, median]) => `${part} ${format(median)}${inBrackets(partRounds[part] ?? [])}`,
  );
  const below = [
    detail.join(', '),
    failure && `not measured: ${failure.replaceAll(/\s+/g, ' ').slice(0, FAILURE_LENGTH)}`,
  ].filter(Boolean);
  return [`${row([title, shown, shownSpread ?? '', verdict])}${mark}`, `    ${[name, ...below].join(' · ')}`];
}

function textOf({ least, most }: Spread): string {
  return `${format(least)} – ${format(most)}`;
}

/** The spread of a part; nothing if it has one round, or always the same. */
function inBrackets(rounds: readonly number[]): string {
  return new Set(rounds.map(format)).size > 1 ? ` (${textOf(spreadOf(rounds))})` : '';
}

function verdictOf(results: readonly Result[]): string {
  const missed = results.filter(({ isMet }) => !isMet);
  if (missed.length === 0) return 'Every bound is met.';
  return `Missed: ${missed.map(({ name }) => name).join(', ')}`;
}

function row([title = '', value = '', spread = '', bound = '']: readonly string[]): string {
  return `${title.padEnd(TITLE_WIDTH)}${value.padStart(VALUE_WIDTH)}  ${spread.padEnd(SPREAD_WIDTH)}${bound}`;
}

/** Three digits that count, and no more zeros than they need. */
function format(value: number): string {
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

function unitText(unit: string): string {
  return unit === '' ? '' : ` ${unit}`;
}
