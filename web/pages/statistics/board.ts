/** One part of the board, in the reader's language. The table and the picture are made of the same answer. */
export type Panel = {
  /** What the picture says, in words. */
  gist: string;
  /** The table's cells. */
  rows: string[][];
  /** What each bar of the picture stands for. */
  labels: string[];
  /** The heights of the bars: a list for each of the table's columns of numbers. */
  series: number[][];
};

export const PANEL_IDS = ['hours', 'top', 'services', 'recent', 'least'] as const;

export type PanelId = (typeof PANEL_IDS)[number];

/** The statistics as the staff sees them, on the page and in each event of the stream. */
export type Board = {
  readTime: Clock;
  panels: Record<PanelId, Panel>;
  /** Of the hours, the one that each day begins with, and the day's name. */
  days: { index: number; name: string }[];
};

/** A time of day: for people, and for the `datetime` attribute. */
export type Clock = { text: string; iso: string };
