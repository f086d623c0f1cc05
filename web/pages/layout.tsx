import type { ComponentChildren, VNode } from 'preact';
import type { Language } from '../i18n/languages';
import { Navigation } from './navigation';
import type { PageContext } from './page_context';

/** Each language by its own name. */
const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', fr: 'Français' };

type LayoutProps = {
  page: PageContext;
  title: string;
  scripts: readonly string[];
  children: ComponentChildren;
};

/** What stands around every page. */
export function Layout({ page, title, scripts, children }: LayoutProps): VNode {
  const { t, asset, language } = page;
  return (
    <html lang={language}>
      <Head {...{ page, title, scripts }} />
      <body>
        <a class="skip" href="#content">
          {t('site.skip')}
        </a>
        <header class="site-header">
          <div class="site-bar">
            <a class="brand" href="/">
              <img src={asset('favicon.svg')} alt="" width="28" height="28" />
              EtuServices
            </a>
            <Navigation page={page} />
          </div>
        </header>
        <main id="content" tabindex={-1}>
          {children}
        </main>
        <Footer page={page} />
      </body>
    </html>
  );
}

function Head({ page: { t, asset }, title, scripts }: Omit<LayoutProps, 'children'>): VNode {
  const font = asset('figtree-latin-wght-normal.woff2');
  return (
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="description" content={t('site.description')} />
      <title>{`${title} · EtuServices`}</title>
      <link rel="icon" href={asset('favicon.svg')} type="image/svg+xml" />
      <link rel="preload" href={font} as="font" type="font/woff2" crossorigin="anonymous" />
      <link rel="stylesheet" href={asset('site.css')} />
      {['site.js', ...scripts].map((script) => (
        <script key={script} defer src={asset(script)} />
      ))}
    </head>
  );
}

function Footer({ page: { t, language, here } }: { page: PageContext }): VNode {
  const back = encodeURIComponent(here);
  return (
    <footer class="site-footer">
      <div class="site-bar">
        <p>{t('site.description')}</p>
        <nav aria-label={t('site.language')}>
          <ul>
            {Object.entries(LANGUAGE_NAMES).map(([code, name]) => (
              <li key={code}>
                <a
                  href={`/language/${code}?back=${back}`}
                  lang={code}
                  hreflang={code}
                  aria-current={code === language ? 'true' : undefined}
                >
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </div>
    </footer>
  );
}
