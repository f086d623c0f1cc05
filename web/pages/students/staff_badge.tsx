import type { VNode } from 'preact';
import type { User } from '../../accounts/user';
import type { PageContext } from '../page_context';

type BadgeProps = { page: PageContext; role: User['role'] };

/** Marks an account of the staff, after its name. */
export function StaffBadge({ page, role }: BadgeProps): VNode | null {
  if (role !== 'staff') return null;
  return (
    <>
      {' '}
      <span class="badge">{page.t('students.staff')}</span>
    </>
  );
}
