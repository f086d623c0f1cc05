import type { VNode } from 'preact';
import type { User } from '../../accounts/user';
import type { MessageKey } from '../../i18n/messages';
import { BackLink } from '../back_link';
import { EmailText } from '../email';
import { Notice } from '../notice';
import type { PageContext } from '../page_context';
import { Time } from '../time';
import type { FaultyRaise } from './raise_form_view';
import { StaffBadge } from './staff_badge';
import type { Standing } from './standing';
import { StandingCard } from './standing_view';

type StudentProps = {
  page: PageContext;
  student: User;
  /** Undefined if the daemon is unreachable. */
  standings: readonly Standing[] | undefined;
  /** The policy that was just reset. */
  lifted: Standing | undefined;
  /** The policy whose limit was just raised. */
  raised: Standing | undefined;
  faulty: FaultyRaise | undefined;
  alert: MessageKey | undefined;
};

/** One account, as the staff sees it. */
export function StudentView({
  page,
  student,
  standings,
  lifted,
  raised,
  faulty,
  alert,
}: StudentProps): VNode {
  const { t } = page;
  return (
    <>
      <BackLink href="/students" text={t('students.back')} />
      <h1>
        {`${student.firstName} ${student.lastName}`}
        <StaffBadge page={page} role={student.role} />
      </h1>
      {lifted && <Notice kind="done">{t('students.lifted', { policy: lifted.name })}</Notice>}
      {raised && <Notice kind="done">{t('students.raised', { policy: raised.name })}</Notice>}
      {alert && <Notice kind="refused">{t(alert)}</Notice>}
      <Details page={page} student={student} />
      <h2>{t('students.quotas')}</h2>
      {standings ? (
        <div class="cards">
          {standings.map((standing) => (
            <StandingCard
              key={`${standing.policy} ${standing.browser}`}
              page={page}
              studentId={student.id}
              standing={standing}
              faulty={faulty?.policy === standing.policy ? faulty : undefined}
            />
          ))}
        </div>
      ) : (
        <p class="notice">{t('students.quotas.unavailable')}</p>
      )}
    </>
  );
}

function Details({ page, student }: Pick<StudentProps, 'page' | 'student'>): VNode {
  const { t } = page;
  return (
    <section class="card" aria-labelledby="details">
      <h2 id="details">{t('students.details')}</h2>
      <table>
        <tbody>
          <tr>
            <th scope="row">{t('account.email')}</th>
            <td>
              <EmailText email={student.email} />
            </td>
          </tr>
          <tr>
            <th scope="row">{t('account.since')}</th>
            <td>
              <Time time={page.moment(student.created)} />
            </td>
          </tr>
          <tr>
            <th scope="row">{t('students.number')}</th>
            <td>{student.id}</td>
          </tr>
        </tbody>
      </table>
    </section>
  );
}
