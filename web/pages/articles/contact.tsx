import type { VNode } from 'preact';
import type { ArticleDetails } from '../../market/article';
import { EmailText } from '../email';
import type { PageContext } from '../page_context';
import { Time } from '../time';
import type { Parties } from './parties';

type ContactProps = Parties & { page: PageContext; article: ArticleDetails };

/** After a sale: the other party, so that the two can meet. Nothing for anybody else. */
export function Contact({ page, article, relation, seller, buyer }: ContactProps): VNode | null {
  if (relation === 'other' || article.sold === undefined) return null;
  const { t } = page;
  const other = relation === 'seller' ? buyer : seller;
  return (
    <section class="card" aria-labelledby="contact">
      <h2 id="contact">{relation === 'seller' ? t('contact.buyer') : t('contact.seller')}</h2>
      {other ? (
        <p>
          <strong>{other.firstName}</strong>
          {' · '}
          <a href={`mailto:${other.email}`}>
            <EmailText email={other.email} />
          </a>
        </p>
      ) : (
        <p>{t('contact.deleted')}</p>
      )}
      <p class="muted">
        {`${relation === 'seller' ? t('contact.sold-on') : t('services.bought.on')} `}
        <Time time={page.moment(article.sold)} />
      </p>
      {other && <p class="muted">{t('contact.text')}</p>}
    </section>
  );
}
