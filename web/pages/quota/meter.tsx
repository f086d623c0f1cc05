import type { VNode } from 'preact';
import type { PageContext } from '../page_context';
import { Time } from '../time';
import type { Meter } from './read_meter';

type MeterProps = {
  page: PageContext;
  meter: Meter | undefined;
  /** The id of the button to disable while nothing is left. */
  enables?: string;
};

/** How much of a limit is left. The site's script keeps it up to date; without it, the clock time still holds. */
export function MeterSection({ page, meter, enables }: MeterProps): VNode {
  return (
    <section
      class={classOf(meter)}
      aria-labelledby="quota-title"
      data-quota="/services/quota"
      data-next-ms={meter?.next?.delayMs}
      data-enables={enables}
    >
      <h2 id="quota-title">{page.t('quota.title')}</h2>
      {meter ? <Remaining page={page} meter={meter} /> : <p class="muted">{page.t('quota.unknown')}</p>}
    </section>
  );
}

function classOf(meter: Meter | undefined): string {
  if (meter === undefined) return 'quota';
  if (meter.remaining === 0) return 'quota spent';
  return meter.isLow ? 'quota low' : 'quota';
}

function Remaining({ page, meter }: { page: PageContext; meter: Meter }): VNode {
  const { limit, remaining, pips, window, next } = meter;
  const { t } = page;
  return (
    <>
      {pips.length > 0 && (
        <ul class="pips" aria-hidden="true">
          {pips.map((isFree) => (
            <li class={isFree ? 'pip free' : 'pip'} />
          ))}
        </ul>
      )}
      <p>
        <strong class="number">
          {remaining === 0 ? t('quota.spent', { limit, window }) : t('quota.left', { remaining, limit })}
        </strong>
      </p>
      {next ? (
        <p class="muted">
          {`${t('quota.next')} `}
          <span class="number" data-countdown-ms={next.delayMs}>
            {next.delay}
          </span>{' '}
          (<Time time={next.at} isClock />)
        </p>
      ) : (
        <p class="muted">{t('quota.rule', { limit, window })}</p>
      )}
    </>
  );
}
