import type { VNode } from 'preact';
import { ACCOUNT_BOUNDS } from '../../accounts/new_user';
import type { User } from '../../accounts/user';
import type { UserList } from '../../accounts/users';
import { EmailText } from '../email';
import type { PageContext } from '../page_context';
import { ScrolledTable } from '../scrolled_table';
import { Time } from '../time';
import { BlockedCard, type BlockedProps } from './blocked_view';
import { StaffBadge } from './staff_badge';

type StudentsProps = UserList & {
  page: PageContext;
  /** Empty if nothing was searched for. */
  query: string;
  /** The blocked students; not shown with a search. */
  blocked?: BlockedProps['blocked'];
};

/** The accounts found, or the latest. */
export function StudentsView({ page, query, users, isMore, blocked }: StudentsProps): VNode {
  const { t } = page;
  return (
    <>
      <h1>{t('students.title')}</h1>
      <SearchForm page={page} query={query} />
      {query === '' && <BlockedCard page={page} blocked={blocked} />}
      <div class="card">
        <h2 id="list-title">{captionOf({ page, query, users, isMore })}</h2>
        {users.length > 0 ? (
          <UserTable page={page} users={users} />
        ) : (
          <p>
            <a class="button" href="/students">
              {t('students.back')}
            </a>
          </p>
        )}
      </div>
    </>
  );
}

function captionOf({ page: { t }, query, users, isMore }: StudentsProps): string {
  const count = users.length;
  if (query === '') return t('students.latest');
  return isMore ? t('students.found.more', { count }) : t('students.found', { count });
}

function SearchForm({ page: { t }, query }: Pick<StudentsProps, 'page' | 'query'>): VNode {
  return (
    <form class="card" method="get" action="/students" role="search">
      <p class="field">
        <label for="q">{t('students.search.label')}</label>
        <input
          id="q"
          name="q"
          type="search"
          value={query}
          maxlength={ACCOUNT_BOUNDS.maxEmail}
          autocomplete="off"
          aria-describedby="q-hint"
        />
        <span class="hint" id="q-hint">
          {t('students.search.hint')}
        </span>
      </p>
      <p>
        <button type="submit">{t('students.search.submit')}</button>
      </p>
    </form>
  );
}

function UserTable({ page, users }: { page: PageContext; users: readonly User[] }): VNode {
  const { t } = page;
  return (
    <ScrolledTable titleId="list-title" columns={[t('account.name'), t('students.since')]}>
      {users.map((user) => (
        <UserRow key={user.id} page={page} user={user} />
      ))}
    </ScrolledTable>
  );
}

function UserRow({ page, user }: { page: PageContext; user: User }): VNode {
  const { id, firstName, lastName, email, role, created } = user;
  return (
    <tr>
      <th scope="row">
        <a href={`/students/${id}`}>{`${firstName} ${lastName}`}</a>
        <StaffBadge page={page} role={role} />
        <br />
        <span class="muted">
          <EmailText email={email} />
        </span>
      </th>
      <td>
        <Time time={page.moment(created)} />
      </td>
    </tr>
  );
}
