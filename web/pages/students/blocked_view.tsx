import type { VNode } from 'preact';
import { CsrfField } from '../forms/csrf_field';
import type { PageContext } from '../page_context';
import { ScrolledTable } from '../scrolled_table';
import { Time } from '../time';
import type { BlockedList, BlockedRow } from './blocked';
import { PolicyFields } from './policy_fields';

export type BlockedProps = {
  page: PageContext;
  /** Undefined if the daemon is unreachable. */
  blocked: BlockedList | undefined;
};

/** Who is blocked: a student with a button that lifts the block, others without. */
export function BlockedCard({ page, blocked }: BlockedProps): VNode {
  const { t } = page;
  return (
    // No landmark: its table is one already, with the same name.
    <div class="card blocked">
      <h2 id="blocked-title">{t('students.blocked.title')}</h2>
      {blocked === undefined && <p>{t('students.quotas.unavailable')}</p>}
      {blocked?.rows.length === 0 && <p class="muted">{t('students.blocked.nobody')}</p>}
      {blocked !== undefined && blocked.rows.length > 0 && <BlockedTable page={page} rows={blocked.rows} />}
      {blocked?.rows.some(({ who }) => who.kind === 'account') && (
        <p class="muted">{t('students.blocked.unnamed')}</p>
      )}
      {blocked?.isPartial && <p class="muted">{t('students.blocked.partial')}</p>}
    </div>
  );
}

function BlockedTable({ page, rows }: { page: PageContext; rows: readonly BlockedRow[] }): VNode {
  const { t } = page;
  const columns = [t('students.blocked.who'), t('students.blocked.next'), t('students.blocked.actions')];
  return (
    <ScrolledTable titleId="blocked-title" columns={columns}>
      {rows.map((row) => (
        <Row key={`${row.policy}:${row.subject}`} page={page} row={row} />
      ))}
    </ScrolledTable>
  );
}

function Row({ page, row }: { page: PageContext; row: BlockedRow }): VNode {
  const { policyName, next } = row;
  const { t } = page;
  return (
    <tr>
      <th scope="row">
        <Who page={page} row={row} />
        <br />
        <span class="muted">{policyName}</span>
      </th>
      <td>{next ? <Time time={{ ...next.at, text: next.delay }} isClock /> : t('students.blocked.never')}</td>
      <td>
        <Lift page={page} row={row} />
      </td>
    </tr>
  );
}

function Who({ page: { t }, row: { who } }: { page: PageContext; row: BlockedRow }): VNode {
  switch (who.kind) {
    case 'student':
      return <a href={`/students/${who.id}`}>{who.name}</a>;
    case 'address':
      return <bdi class="number">{who.subject}</bdi>;
    case 'stranger':
      return <>{t('statistics.stranger', { subject: who.subject })}</>;
    case 'account':
      return <>{t('students.blocked.account')}</>;
    case 'browser':
      return <>{t('students.blocked.browser')}</>;
  }
}

/** The button that lifts a student's block. An address has none: its attempts come back within seconds. */
function Lift({ page, row }: { page: PageContext; row: BlockedRow }): VNode | null {
  const { who, policy, policyName } = row;
  const { t } = page;
  if (who.kind !== 'student') return null;
  const label = t('students.lift.of', { name: who.name, policy: policyName });
  return (
    <form method="post" action={`/students/${who.id}/reset`}>
      <CsrfField page={page} />
      <PolicyFields policy={policy} browser={who.browser} />
      <button class="quiet" type="submit" aria-label={label}>
        {t('students.lift.short')}
      </button>
    </form>
  );
}
