import type { VNode } from 'preact';
import { CsrfField } from '../forms/csrf_field';
import type { PageContext } from '../page_context';
import { Time } from '../time';
import { PolicyFields } from './policy_fields';
import { type FaultyRaise, RaiseForm } from './raise_form_view';
import type { LimitStanding, Standing } from './standing';

type StandingProps = {
  page: PageContext;
  studentId: number;
  standing: Standing;
  /** The form of this policy, as it was sent. */
  faulty: FaultyRaise | undefined;
};

/** A student's state in one policy. */
export function StandingCard({ page, studentId, standing, faulty }: StandingProps): VNode {
  const { policy, browser, name, note, isBlocked, isUntouched, limits } = standing;
  const { t } = page;
  const id = browser === undefined ? `policy-${policy}` : `policy-${policy}-${browser}`;
  return (
    <section class="card" aria-labelledby={id}>
      <h3 id={id}>
        {`${name} `}
        <span class={isBlocked ? 'badge bad' : 'badge good'}>
          {isBlocked ? t('students.blocked') : t('students.open')}
        </span>
      </h3>
      {note && <p class="muted">{note}</p>}
      {limits.map((limit) => (
        <LimitLines page={page} standing={limit} />
      ))}
      {!isUntouched && (
        <form method="post" action={`/students/${studentId}/reset`}>
          <CsrfField page={page} />
          <PolicyFields policy={policy} browser={browser} />
          <p>
            <button class={isBlocked ? undefined : 'quiet'} type="submit" aria-describedby={id}>
              {isBlocked ? t('students.lift') : t('students.give-back')}
            </button>
          </p>
        </form>
      )}
      {limits.map(
        ({ raise: offer }) =>
          offer && (
            <RaiseForm
              key={offer.limitName}
              {...{ page, studentId, policy, offer }}
              faulty={faulty?.limitName === offer.limitName ? faulty : undefined}
            />
          ),
      )}
    </section>
  );
}

function LimitLines({ page, standing }: { page: PageContext; standing: LimitStanding }): VNode {
  const { limit, remaining, window, next, all, isOverridden } = standing;
  const { t } = page;
  return (
    <>
      <p>
        <strong class="number">{t('students.left', { remaining, limit, window })}</strong>
      </p>
      {isOverridden && <p class="muted">{t('students.overridden')}</p>}
      {next && (
        <p class="muted">
          {`${t('students.next', { delay: next.delay })} `}
          <Time time={next.at} isClock />
        </p>
      )}
      {all && (
        <p class="muted">
          {`${t('students.all', { delay: all.delay })} `}
          <Time time={all.at} isClock />
        </p>
      )}
    </>
  );
}
