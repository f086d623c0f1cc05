import type { VNode } from 'preact';
import type { PageContext } from '../page_context';
import type { Panel, PanelId } from './board';
import type { Range } from './range';

type PanelProps = {
  page: PageContext;
  id: PanelId;
  title: string;
  columns: readonly string[];
  range: Range;
  panel: Panel | undefined;
};

/** One part of the board: its chart, which a script draws, and the same numbers in a table. */
export function PanelSection(props: PanelProps): VNode {
  const { page, id, title, panel, range } = props;
  const isEmpty = (panel?.rows ?? []).length === 0;
  const table = id === 'hours' ? <Scrolled page={page} table={<Table {...props} />} /> : <Table {...props} />;
  return (
    <section class={`card panel panel-${id}`} data-panel={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p class="muted empty" hidden={!isEmpty}>
        {page.t('statistics.nothing')}
      </p>
      <div class="filled" hidden={isEmpty}>
        {id === 'recent' ? (
          table
        ) : (
          <>
            <div class="chart" data-bars={panel?.labels.length ?? 0}>
              <canvas role="img" aria-label={panel?.gist ?? ''} />
            </div>
            <details>
              <summary>{page.t('statistics.numbers')}</summary>
              {table}
            </details>
          </>
        )}
        <p class="export">
          <a
            href={`/statistics/${id}.csv?range=${range.name}`}
            download
            aria-label={`${page.t('statistics.csv')} (${title})`}
          >
            {page.t('statistics.csv')}
          </a>
        </p>
      </div>
    </section>
  );
}

function Scrolled({ page, table }: { page: PageContext; table: VNode }): VNode {
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-label={page.t('statistics.numbers')}>
      {table}
    </div>
  );
}

function Table({ id, columns, panel }: PanelProps): VNode {
  const [first, ...others] = columns;
  const kind = id === 'recent' ? undefined : 'number';
  return (
    <table aria-labelledby={`${id}-title`}>
      <thead>
        <tr>
          <th scope="col">{first}</th>
          {others.map((column) => (
            <th key={column} scope="col" class={kind}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {(panel?.rows ?? []).map(([name, ...cells], at) => (
          <tr>
            <th scope="row">{panel?.links[at] ? <a href={panel.links[at]}>{name}</a> : name}</th>
            {cells.map((cell) => (
              <td class={kind}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
