import type { ComponentChildren, VNode } from 'preact';

type ScrolledTableProps = {
  /** The id of the heading that names the table. */
  titleId: string;
  columns: readonly string[];
  /** The rows. */
  children: ComponentChildren;
};

/** A table with a heading of its own, which scrolls by itself if it is too wide. */
export function ScrolledTable({ titleId, columns, children }: ScrolledTableProps): VNode {
  return (
    <div class="table-scroll" tabindex={0} role="region" aria-labelledby={titleId}>
      <table aria-labelledby={titleId}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
