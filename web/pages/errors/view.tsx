import type { VNode } from 'preact';
import type { PageContext } from '../page_context';

type ErrorProps = {
  page: PageContext;
  status: number;
  title: string;
  text: string;
  /** Finds the request in the logs. */
  reference: string | undefined;
  /** The address at which another try may succeed. */
  again: string | undefined;
};

/** An error that is a page. */
export function ErrorView({ page: { t }, status, title, text, reference, again }: ErrorProps): VNode {
  return (
    <section class="verdict">
      <p class="verdict-code" aria-hidden="true">
        {status}
      </p>
      <h1>{title}</h1>
      <p class="lead">{text}</p>
      <p class="actions">
        {again !== undefined && (
          <a class="button" href={again}>
            {t('error.again')}
          </a>
        )}
        <a class={again === undefined ? 'button' : 'button quiet'} href="/">
          {t('error.home')}
        </a>
      </p>
      {reference && <p class="muted">{t('error.reference', { id: reference })}</p>}
    </section>
  );
}
