import type { ChartConfiguration } from 'chart.js';
import type { Board } from '../../pages/statistics/board';
import { hatched, type Palette, pageNumber } from './page_style';

type Parts = {
  board: Board;
  palette: Palette;
  /** What each series counts. */
  columns: string[];
};

/** A narrower picture has room for the names of no more than these days. */
const NARROW_PX = 480;
const MOST_NAMED = 5;

/** Half the name of a day, which may stand below the last bar. */
const NAME_ROOM_PX = 10;

/** The series that are drawn upwards; the others were refused. */
const ADMITTED_COUNT = 2;

/**
 * A bar for each hour, on one scale: admitted upwards, denied downwards; a line where each day begins, its
 * name below its middle.
 */
export function hoursChart({ board, palette, columns }: Parts): ChartConfiguration<'bar'> {
  const { labels, series } = board.panels.hours;
  const starts = new Set(board.days.map(({ start }) => start).filter((start) => start > 0));
  const names = new Map(board.days.map(({ middle, name }) => [middle, name]));
  const fills = [
    palette.made,
    palette.calls,
    hatched(palette.connectionsRefused, palette.surface),
    palette.callsRefused,
  ];
  return {
    type: 'bar',
    data: {
      labels,
      datasets: series.map((counts, index) => ({
        label: columns[index] ?? '',
        data: index < ADMITTED_COUNT ? counts : counts.map((value) => -value),
        backgroundColor: fills[index],
        barPercentage: 0.95,
        categoryPercentage: 0.9,
      })),
    },
    options: {
      layout: { padding: { right: NAME_ROOM_PX } },
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: {
          stacked: true,
          grid: { color: ({ index }) => (starts.has(index) ? palette.muted : 'transparent'), offset: true },
          ticks: {
            color: palette.muted,
            autoSkip: false,
            maxRotation: 0,
            callback(_value, index) {
              const words = names.get(index)?.split(' ') ?? '';
              // One above the other; a phone has room for the numbers of seven days.
              return this.chart.width < NARROW_PX && names.size > MOST_NAMED ? words.slice(-1) : words;
            },
          },
        },
        y: {
          stacked: true,
          suggestedMax: 1,
          grid: { color: palette.line },
          ticks: { color: palette.muted, precision: 0, maxTicksLimit: 7, callback: sizeOf },
        },
      },
      plugins: {
        legend: {
          position: 'bottom',
          align: 'start',
          // The numbers are hidden nowhere else either.
          onClick: () => undefined,
          labels: { color: palette.ink, boxWidth: 16, boxHeight: 16, padding: 14 },
        },
        tooltip: {
          callbacks: { label: ({ dataset, raw }) => ` ${dataset.label} · ${sizeOf(raw)}` },
        },
      },
    },
  };
}

/** Counts drawn downwards are not negative. */
function sizeOf(value: unknown): string {
  return pageNumber(Math.abs(Number(value)));
}
