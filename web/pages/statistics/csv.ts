import type { Translator } from '../../i18n/translator';
import { type Board, FIGURE_IDS, type PanelId } from './board';
import { columnsOf } from './columns';
import type { Reading } from './reading';

/** A spreadsheet reads a cell that begins so as a formula (https://owasp.org/www-community/attacks/CSV_Injection). */
const FORMULA = /^[=+\-@\t\r]/;

/** Spreadsheets read UTF-8 only after this mark. */
const BYTE_ORDER_MARK = '\uFEFF';

/** Writes rows as CSV (RFC 4180); no cell is read as a formula. */
export function toCsv(rows: readonly (readonly string[])[]): string {
  return BYTE_ORDER_MARK + rows.map((row) => `${row.map(toCell).join(',')}\r\n`).join('');
}

function toCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A panel for a spreadsheet: its table with plain numbers, and times in ISO 8601; the oldest hour first. */
export function panelCsv(
  id: PanelId,
  { board, reading }: { board: Board; reading: Reading },
  page: Translator,
): string {
  return toCsv([columnsOf(page)[id], ...rowsOf(id, board, reading)]);
}

function rowsOf(id: PanelId, { panels }: Board, { stats }: Reading): string[][] {
  const { rows, labels, series } = panels[id];
  if (id === 'recent')
    return rows.map(([name = ''], at) => [name, stats.recentUsers[at]?.connectTime?.toISOString() ?? '']);
  const names = id === 'hours' ? stats.hours.map(({ startTime }) => startTime.toISOString()) : labels;
  const columns = id === 'hours' ? FIGURE_IDS.length : 1;
  return names.map((name, at) => [
    name,
    ...Array.from({ length: columns }, (_, column) => String(series[column]?.[at] ?? 0)),
  ]);
}
