/** One part of the board, in the reader's language. The table and the chart come from the same answer. */
export type Panel = {
  /** The content of the chart, in words. */
  gist: string;
  /** The table's cells. */
  rows: string[][];
  /** The link of the first cell of each row; empty for none. */
  links: string[];
  /** The label of each bar of the chart. */
  labels: string[];
  /** The heights of the bars: a list for each of the table's columns of numbers. */
  series: number[][];
};

export const PANEL_IDS = ['hours', 'top', 'services', 'recent', 'least'] as const;

/** The columns of numbers of the hours, in their order; each is a series of the chart, and a headline figure. */
export const FIGURE_IDS = ['connections', 'calls', 'connections-refused', 'calls-refused'] as const;

export type FigureId = (typeof FIGURE_IDS)[number];

export type PanelId = (typeof PANEL_IDS)[number];

/** The statistics as the staff sees them, on the page and in each event of the stream. */
export type Board = {
  readTime: Clock;
  panels: Record<PanelId, Panel>;
  /** The totals of the hours, formatted for people. */
  figures: Record<FigureId, string>;
  /** The days among the hours: the first hour of each, the one in its middle, and its name. */
  days: { start: number; middle: number; name: string }[];
};

/** A time of day: for people, and for the `datetime` attribute. */
export type Clock = { text: string; iso: string };
