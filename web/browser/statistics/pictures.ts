import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  Legend,
  LinearScale,
  Tooltip,
} from 'chart.js';
import type { Board } from '../../pages/statistics/board';
import { barsChart } from './bars_chart';
import { hoursChart } from './hours_chart';
import { readPalette } from './page_style';

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Legend, Tooltip);

/** Draws the board's pictures, in the colours and the letters of the page. */
export function createPictures(root: HTMLElement): { draw(board: Board): void } {
  const charts = new Map<string, Chart<'bar'>>();
  const columns = columnsOf(root, 'hours');
  let last: Board | undefined;

  const draw = (board: Board) => {
    last = board;
    const { top, services, least, hours } = board.panels;
    const palette = readPalette();
    show('top', top.labels, barsChart(top, palette));
    show('services', services.labels, barsChart(services, palette));
    show('least', least.labels, barsChart(least, palette));
    show('hours', hours.labels, hoursChart({ board, palette, columns }));
  };
  const show = (id: string, labels: string[], config: ChartConfiguration<'bar'>) => {
    const canvas = root.querySelector<HTMLCanvasElement>(`[data-panel=${id}] canvas`);
    const chart = charts.get(id);
    if (canvas?.parentElement) canvas.parentElement.dataset.bars = String(labels.length);
    // If there is no bar, a sentence is shown instead.
    if (canvas === null || labels.length === 0) return;
    if (chart === undefined) {
      charts.set(id, new Chart(canvas, config));
      return;
    }
    // In place, so that the bar under the pointer keeps showing its numbers.
    chart.data = config.data;
    chart.options = config.options ?? {};
    chart.update();
  };
  const drawAgain = () => last && draw(last);

  useStyleOfPage();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAgain);
  void lettersOfPage().then(drawAgain);
  return { draw };
}

function useStyleOfPage(): void {
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.defaults.font.size = 13;
  Chart.defaults.maintainAspectRatio = false;
  // No animation for what changes every few seconds.
  Chart.defaults.animation = false;
}

/** A canvas does not wait for the page's letters, as the page itself does. */
async function lettersOfPage(): Promise<void> {
  const { fontFamily } = getComputedStyle(document.body);
  await Promise.all(
    [`13px ${fontFamily}`, `600 14px ${fontFamily}`].map((font) => document.fonts.load(font)),
  );
}

/** The names of the numbers, as the table has them. */
function columnsOf(root: HTMLElement, id: string): string[] {
  const heads = root.querySelectorAll(`[data-panel=${id}] thead th`);
  return [...heads].slice(1).map(({ textContent }) => textContent?.trim() ?? '');
}
