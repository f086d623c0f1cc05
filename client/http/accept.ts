import { parseList, Token } from 'structured-headers';

/** The types of our problem details, by either of which a client asks for them. */
const PROBLEM_TYPES = ['application/problem+json', 'application/json'];

/**
 * Whether a page is what the Accept field of a request prefers (RFC 9110, 12.5.1): it names HTML, and no problem details that it
 * would rather have. A client that takes anything gets problem details.
 */
export function prefersHtml(accept: string | undefined): boolean {
  const qualities = qualitiesIn(accept ?? '');
  const html = qualities.get('text/html') ?? qualities.get('text/*') ?? 0;
  const named = PROBLEM_TYPES.map((type) => qualities.get(type)).filter((quality) => quality !== undefined);
  const other = qualities.get('application/*') ?? qualities.get('*/*') ?? 0;
  return html > 0 && html >= Math.max(...(named.length === 0 ? [other] : named));
}

/** The quality of each media range. None for a field that cannot be read. */
function qualitiesIn(accept: string): ReadonlyMap<string, number> {
  // Accept is also a structured list, but for spaces before a semicolon, empty elements, and numbers that begin with a point.
  const elements = accept
    .toLowerCase()
    .split(',')
    .filter((element) => element.trim() !== '');
  const field = elements
    .join(',')
    .replace(/[ \t]+;/g, ';')
    .replace(/=\./g, '=0.');
  try {
    return new Map(
      parseList(field).flatMap(([range, parameters]) => {
        const quality = parameters.get('q') ?? 1;
        return range instanceof Token && typeof quality === 'number' ? [[range.toString(), quality]] : [];
      }),
    );
  } catch {
    return new Map();
  }
}
