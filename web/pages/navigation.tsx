import type { VNode } from 'preact';
import type { User } from '../accounts/user';
import { CsrfField } from './forms/csrf_field';
import type { PageContext } from './page_context';

type PageLink = {
  href: string;
  text: string;
  /** The number of new things behind a link, and its description. */
  news?: { count: number; text: string };
};

/** The links of the header: what the site is for, and at its end the reader's account. */
export function Navigation({ page }: { page: PageContext }): VNode {
  return (
    <>
      <nav aria-label={page.t('nav.label')}>
        <ul>
          {linksFor(page).map((link) => (
            <li key={link.href}>
              <a href={link.href} aria-current={currentIf(isHere(page, link.href))}>
                {link.text}
                {link.news && <News {...link.news} />}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      {page.user ? <Logout page={page} user={page.user} /> : <Login page={page} />}
    </>
  );
}

function News({ count, text }: { count: number; text: string }): VNode {
  return (
    <>
      {' '}
      <span class="count" aria-hidden="true">
        {count}
      </span>
      <span class="unseen">{text}</span>
    </>
  );
}

function Login({ page }: { page: PageContext }): VNode {
  const { t, offersSignUp } = page;
  return (
    <p class="account">
      <a href="/login" aria-current={currentIf(isHere(page, '/login'))}>
        {t('nav.login')}
      </a>
      {offersSignUp && (
        <a class="button small" href="/login#signup">
          {t('signup.submit')}
        </a>
      )}
    </p>
  );
}

function Logout({ page, user }: { page: PageContext; user: User }): VNode {
  return (
    <form class="account" method="post" action="/logout">
      <CsrfField page={page} />
      <a href="/account" aria-current={currentIf(isHere(page, '/account'))}>
        {`${user.firstName} ${user.lastName}`}
      </a>
      <button class="quiet" type="submit">
        {page.t('nav.logout')}
      </button>
    </form>
  );
}

function linksFor({ t, user }: PageContext): PageLink[] {
  const links: PageLink[] = [
    { href: '/services/achat', text: t('nav.buy') },
    { href: '/services/vente', text: t('nav.sell') },
  ];
  if (user === undefined) return links;
  const { unseenSales: count } = user;
  const news = count > 0 ? { count, text: t('nav.new-sales', { count }) } : undefined;
  links.push({ href: '/services', text: t('nav.mine'), news });
  if (user.role !== 'staff') return links;
  return [
    ...links,
    { href: '/statistics', text: t('nav.statistics') },
    { href: '/students', text: t('nav.students') },
  ];
}

/** Whether a link leads to the current page, or to the list that it belongs to. */
function isHere({ path }: PageContext, href: string): boolean {
  const isAbove = href === '/students' && path.startsWith(`${href}/`);
  return path === href || isAbove;
}

function currentIf(isCurrent: boolean): 'page' | undefined {
  return isCurrent ? 'page' : undefined;
}
