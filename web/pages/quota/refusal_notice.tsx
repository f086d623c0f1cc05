import type { VNode } from 'preact';
import type { PageContext } from '../page_context';
import { Time } from '../time';
import type { Refusal } from './refusal';

type RefusalProps = {
  page: PageContext;
  refusal: Refusal;
  /** The id of the button to press when the time has come. */
  enables?: string;
  /** The id of a field: when its value changes, the button can be pressed at once. */
  whileUnchanged?: string | undefined;
};

/**
 * Why an act was denied, by which rule, and when to come back; or that there was no decision, which looks different. It gets the
 * focus, so that it is read first.
 */
export function RefusalNotice({ page, refusal, enables, whileUnchanged }: RefusalProps): VNode {
  const { status, title, text, rule, comeBack } = refusal;
  const { t } = page;
  return (
    <section class={status === 503 ? 'notice outage' : 'notice refused'} role="alert" tabindex={-1} autofocus>
      <h2>{title}</h2>
      <p>{rule === undefined ? text : `${text} ${rule}`}</p>
      {comeBack ? (
        <>
          <p>
            {`${t('refused.come-back')} `}
            <strong data-countdown-ms={comeBack.delayMs} data-enables={enables} data-while={whileUnchanged}>
              {comeBack.delay}
            </strong>
            {`, ${t('refused.at')} `}
            <Time time={comeBack.at} />.
          </p>
          <p role="status" data-announce={t('refused.ready')} />
        </>
      ) : (
        <p>{t('refused.never')}</p>
      )}
    </section>
  );
}
