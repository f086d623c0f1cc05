import type { VNode } from 'preact';
import type { PageContext } from '../page_context';
import { type Board, FIGURE_IDS, PANEL_IDS, type PanelId } from './board';
import { columnsOf, FIGURE_NAMES } from './columns';
import { PanelSection } from './panel_view';
import { RANGES, type Range } from './range';

type StatisticsProps = {
  page: PageContext;
  /** Undefined if the daemon is unreachable. */
  board: Board | undefined;
  range: Range;
};

/** The staff's board; a script keeps it up to date. */
export function StatisticsView({ page, board, range }: StatisticsProps): VNode {
  const { t } = page;
  const titles = panelTitles(page, range);
  const columns = columnsOf(page);
  return (
    <div
      id="statistics"
      data-live={`/statistics/live?range=${range.name}`}
      data-board={board && JSON.stringify(board)}
    >
      <h1>{t('statistics.title')}</h1>
      <RangeLinks page={page} range={range} />
      <BoardState page={page} board={board} />
      <div class="notice" id="away" role="status" hidden={board !== undefined}>
        <p>{t('statistics.away')}</p>
      </div>
      <div class="notice" id="ended" role="alert" hidden>
        <h2>{t('statistics.ended.title')}</h2>
        <p>
          {`${t('statistics.ended.text')} `}
          <a href="/login">{t('statistics.ended.login')}</a>
        </p>
      </div>
      <Figures page={page} board={board} />
      <div class="board" hidden={board === undefined}>
        {PANEL_IDS.map((id) => (
          <PanelSection
            key={id}
            {...{ page, id, range }}
            title={titles[id]}
            columns={columns[id]}
            panel={board?.panels[id]}
          />
        ))}
      </div>
    </div>
  );
}

function BoardState({ page: { t }, board }: Pick<StatisticsProps, 'page' | 'board'>): VNode {
  return (
    <p class="board-state">
      <span hidden={board === undefined} id="as-of">
        {`${t('statistics.as-of')} `}
        <time class="number" datetime={board?.readTime.iso}>
          {board?.readTime.text}
        </time>
      </span>
      <span
        class="badge"
        role="status"
        data-live={t('statistics.live')}
        data-reconnecting={t('statistics.reconnecting')}
        data-ended={t('statistics.not-live')}
      >
        {t('statistics.not-live')}
      </span>
    </p>
  );
}

function RangeLinks({ page: { t }, range }: Pick<StatisticsProps, 'page' | 'range'>): VNode {
  return (
    <nav class="ranges" aria-label={t('statistics.range')}>
      <ul>
        {RANGES.map(({ name, label }) => (
          <li key={name}>
            <a href={`/statistics?range=${name}`} aria-current={name === range.name ? 'page' : undefined}>
              {t(label)}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** The totals of the hours. */
function Figures({ page: { t }, board }: Pick<StatisticsProps, 'page' | 'board'>): VNode {
  return (
    <dl class="tiles figures" hidden={board === undefined}>
      {FIGURE_IDS.map((id) => (
        <div key={id}>
          <dt>{t(FIGURE_NAMES[id])}</dt>
          <dd data-figure={id}>{board?.figures[id]}</dd>
        </div>
      ))}
    </dl>
  );
}

function panelTitles({ t }: PageContext, { label, topDays }: Range): Record<PanelId, string> {
  return {
    hours: t('statistics.hours.title', { range: t(label) }),
    top: t('statistics.top.title', {
      range: t(topDays === 7 ? 'statistics.range.7d' : 'statistics.range.3d'),
    }),
    services: t('statistics.services.title'),
    recent: t('statistics.recent.title'),
    least: t('statistics.least.title'),
  };
}
