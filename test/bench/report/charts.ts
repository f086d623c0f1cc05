import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChartConfiguration } from 'chart.js';
import { chromium } from 'playwright-core';
import type { OutageRun } from './outage';
import { inWindow, type WindowRun } from './window';

/** The words in a figure. */
export interface WindowWords {
  readonly inWindow: string;
  readonly admitted: string;
  readonly denied: string;
  readonly limit: string;
  readonly seconds: string;
}

export interface OutageWords {
  readonly byStore: string;
  readonly degraded: string;
  readonly unanswered: string;
  readonly slowest: string;
  readonly seconds: string;
  readonly calls: string;
}

const PETROL = '#0f5c63';
const MARIGOLD = '#e2a032';
const RED = '#b3392f';
const GREY = '#8a8378';

export function windowChart(run: WindowRun, words: WindowWords): ChartConfiguration {
  const points = (verdict: string, y: number) =>
    run.asked.filter((each) => each.verdict === verdict).map(({ atS }) => ({ x: atS, y }));
  const dots = { type: 'scatter' as const, pointRadius: 4 };
  const ends = [0, run.durationS].map((x) => ({ x, y: run.limit }));
  const line = { type: 'line' as const, pointRadius: 0, stepped: true, borderWidth: 2 };
  return {
    type: 'scatter',
    data: {
      datasets: [
        { ...line, label: words.inWindow, data: inWindow(run), borderColor: PETROL, backgroundColor: PETROL },
        {
          ...line,
          label: words.limit,
          data: ends,
          borderColor: GREY,
          backgroundColor: GREY,
          borderDash: [6, 4],
        },
        { ...dots, label: words.admitted, data: points('admitted', 0.4), backgroundColor: MARIGOLD },
        {
          ...dots,
          label: words.denied,
          data: points('denied', 11),
          backgroundColor: RED,
          pointStyle: 'crossRot',
          borderColor: RED,
        },
      ],
    },
    options: {
      ...still,
      scales: {
        x: { type: 'linear', min: 0, max: run.durationS, title: { display: true, text: words.seconds } },
        y: { type: 'linear', min: 0, max: 12, ticks: { stepSize: 2 } },
      },
    },
  };
}

export function outageChart(run: OutageRun, words: OutageWords): ChartConfiguration {
  const bar = {
    type: 'bar' as const,
    stack: 'calls',
    yAxisID: 'calls',
    barPercentage: 1,
    categoryPercentage: 1,
  };
  const of = (name: 'byStore' | 'degraded' | 'unanswered') => run.slices.map((slice) => slice[name]);
  return {
    type: 'bar',
    data: {
      labels: run.slices.map(({ atS }) => String(atS)),
      datasets: [
        {
          type: 'line',
          label: words.slowest,
          data: run.slices.map(({ slowestMs }) => slowestMs),
          yAxisID: 'ms',
          borderColor: RED,
          backgroundColor: RED,
          pointRadius: 2,
          borderWidth: 2,
        },
        { ...bar, label: words.byStore, data: of('byStore'), backgroundColor: PETROL },
        { ...bar, label: words.degraded, data: of('degraded'), backgroundColor: MARIGOLD },
        { ...bar, label: words.unanswered, data: of('unanswered'), backgroundColor: GREY },
      ],
    },
    options: {
      ...still,
      scales: {
        x: { stacked: true, title: { display: true, text: words.seconds }, ticks: { maxTicksLimit: 20 } },
        calls: { type: 'linear', stacked: true, title: { display: true, text: words.calls }, min: 0 },
        ms: {
          type: 'logarithmic',
          position: 'right',
          min: 1,
          title: { display: true, text: 'ms' },
          grid: { drawOnChartArea: false },
        },
      },
    },
  };
}

/** A picture of the last frame, at once. */
const still: ChartConfiguration['options'] = {
  animation: false,
  responsive: false,
  plugins: { legend: { position: 'bottom' } },
};

/** Draws charts with Chart.js in a browser without a window: PNG files of 900 × 420 points, twice as many pixels. */
export async function drawCharts(
  browserPath: string,
  charts: readonly { file: string; chart: ChartConfiguration }[],
): Promise<void> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];
  const browser = await chromium.launch({ executablePath: browserPath, args });
  const page = await browser.newPage({ deviceScaleFactor: 2, viewport: { width: 920, height: 440 } });
  const library = readFileSync(join(dirname(require.resolve('chart.js')), 'chart.umd.min.js'), 'utf8');
  for (const { file, chart } of charts) {
    await page.setContent(
      `<body style="margin:0;background:#fff"><canvas width="900" height="420"></canvas>
       <script>${library}</script><script>new Chart(document.querySelector('canvas'), ${JSON.stringify(chart)})</script>`,
    );
    await page.locator('canvas').screenshot({ path: file });
  }
  await browser.close();
}
