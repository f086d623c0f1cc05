import type { ChartConfiguration } from 'chart.js';
import type { Board } from '../../pages/statistics/board';
import { hatched, type Palette, pageNumber } from './page_style';

type Parts = {
  board: Board;
  palette: Palette;
  /** What each series counts. */
  names: string[];
};

/** A bar for each hour: upwards what was admitted, downwards what was refused; a line where each day begins. */
export function hoursChart({ board, palette, names }: Parts): ChartConfiguration<'bar'> {
  const { labels, series } = board.panels.hours;
  const days = new Map(board.days.map(({ index, name }) => [index, name]));
  const fills = [palette.made, hatched(palette.connectionsRefused, palette.surface), palette.callsRefused];
  return {
    type: 'bar',
    data: {
      labels,
      datasets: series.map((counts, index) => ({
        label: names[index] ?? '',
        data: index === 0 ? counts : counts.map((value) => -value),
        backgroundColor: fills[index],
        barPercentage: 0.95,
        categoryPercentage: 0.9,
      })),
    },
    options: {
      interaction: { mode: 'index', intersect: false },
      scales: {
        x: {
          stacked: true,
          grid: { color: ({ index }) => (days.has(index) ? palette.muted : 'transparent'), offset: true },
          ticks: {
            color: palette.muted,
            autoSkip: false,
            maxRotation: 0,
            callback: (_value, index) => days.get(index) ?? '',
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

/** What is drawn downwards is no negative count. */
function sizeOf(value: unknown): string {
  return pageNumber(Math.abs(Number(value)));
}
