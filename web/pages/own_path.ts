/** Only the path of an address matters, so any origin works as the base. */
const ANY_ORIGIN = 'http://site.invalid';

/** A path of this site, so that no redirect leaves it. Undefined for anything else. */
export function ownPath(back: unknown): string | undefined {
  if (typeof back !== 'string' || back === '' || !URL.canParse(back, ANY_ORIGIN)) return undefined;
  const { origin, pathname, search } = new URL(back, ANY_ORIGIN);
  // A path that begins with two slashes names another host.
  return origin === ANY_ORIGIN && !pathname.startsWith('//') ? `${pathname}${search}` : undefined;
}
