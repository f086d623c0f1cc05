import type { User } from '../accounts/user';
import type { Translator } from '../i18n/translator';

/** What every view gets besides its own data, as `page`. */
export type PageContext = Translator & {
  /** Undefined for a visitor. */
  user: User | undefined;
  /** Whether visitors may create accounts. */
  offersSignUp: boolean;
  /** The whole path, without the query. Example: "/services/achat". */
  path: string;
  /** The address at which this page can be opened again. */
  here: string;
  /** The token for the forms of this page. */
  csrfToken: () => string;
  /** The address of a file, by its name in the sources. Example: "site.css". */
  asset: (name: string) => string;
};
