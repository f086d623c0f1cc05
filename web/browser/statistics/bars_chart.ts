import type { Chart, ChartConfiguration, Plugin } from 'chart.js';
import type { Panel } from '../../pages/statistics/board';
import { type Palette, pageNumber } from './page_style';

const THICKEST_BAR_PX = 22;

/** Between a bar and its number. */
const GAP_PX = 8;

/** The widest of the letters and digits in use. */
const PX_PER_LETTER = 9;

/** The share of the picture that names may take. */
const NAMES_SHARE = 0.45;

/** Bars from left to right, a name before and a number behind each. */
export function barsChart({ labels, series }: Panel, palette: Palette): ChartConfiguration<'bar'> {
  const [counts = []] = series;
  const fill = { backgroundColor: palette.made, borderRadius: 4, maxBarThickness: THICKEST_BAR_PX };
  return {
    type: 'bar',
    // Zero is drawn as a stub.
    data: { labels, datasets: [{ data: counts, minBarLength: 2, ...fill }] },
    options: {
      indexAxis: 'y',
      layout: { padding: { right: widthOfNumbers(counts) } },
      scales: {
        x: { display: false, beginAtZero: true, suggestedMax: 1 },
        y: {
          grid: { display: false },
          border: { display: false },
          afterFit(scale) {
            scale.width = Math.min(scale.width, scale.chart.width * NAMES_SHARE);
          },
          ticks: {
            color: palette.ink,
            autoSkip: false,
            callback(value) {
              return shorten(this.getLabelForValue(Number(value)), this.chart);
            },
          },
        },
      },
      plugins: {
        legend: { display: false },
        tooltip: { displayColors: false, callbacks: { label: ({ raw }) => pageNumber(Number(raw)) } },
      },
    },
    plugins: [NUMBERS],
  };
}

/** Writes each bar's number behind it. */
const NUMBERS: Plugin<'bar'> = {
  id: 'numbers',
  afterDatasetsDraw(chart) {
    const { ctx, canvas, data } = chart;
    const { color, fontFamily } = getComputedStyle(canvas);
    ctx.save();
    ctx.fillStyle = color;
    ctx.font = `600 14px ${fontFamily}`;
    ctx.textBaseline = 'middle';
    for (const [index, bar] of chart.getDatasetMeta(0).data.entries()) {
      ctx.fillText(pageNumber(Number(data.datasets[0]?.data[index])), bar.x + GAP_PX, bar.y);
    }
    ctx.restore();
  },
};

function widthOfNumbers(counts: number[]): number {
  const longest = Math.max(0, ...counts.map((count) => pageNumber(count).length));
  return GAP_PX + longest * PX_PER_LETTER;
}

/** The table has the full name. */
function shorten(name: string, { ctx, width }: Chart): string {
  const fits = (text: string) => ctx.measureText(text).width <= width * NAMES_SHARE - 2 * GAP_PX;
  if (fits(name)) return name;
  let end = name.length - 1;
  while (end > 1 && !fits(`${name.slice(0, end)}…`)) end -= 1;
  return `${name.slice(0, end).trimEnd()}…`;
}
