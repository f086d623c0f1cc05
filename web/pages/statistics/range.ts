import type { MessageKey } from '../../i18n/messages';

/** The time range of a board. */
export type Range = {
  /** As the address has it. */
  name: '24h' | '3d' | '7d';
  label: MessageKey;
  hourCount: number;
  /** For how many days the most connected users are counted: one of the daemon's windows. */
  topDays: 3 | 7;
};

const THREE_DAYS: Range = { name: '3d', label: 'statistics.range.3d', hourCount: 72, topDays: 3 };

export const RANGES: readonly Range[] = [
  { name: '24h', label: 'statistics.range.24h', hourCount: 24, topDays: 3 },
  THREE_DAYS,
  { name: '7d', label: 'statistics.range.7d', hourCount: 168, topDays: 7 },
];

/** The range of an address: three days unless it names another. */
export function parseRange(value: unknown): Range {
  return RANGES.find(({ name }) => name === value) ?? THREE_DAYS;
}
