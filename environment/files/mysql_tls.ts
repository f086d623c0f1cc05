import { readFileSync } from 'node:fs';

/** Why the file cannot be the authority for MySQL's certificate; undefined if it can, or none is named. */
export function mysqlAuthorityFault(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').includes('-----BEGIN CERTIFICATE-----')
      ? undefined
      : 'holds no certificate';
  } catch (error) {
    return `cannot be read: ${(error as NodeJS.ErrnoException).code}`;
  }
}

/**
 * The URL with TLS in it, if a file with an authority's certificates is named: mysql2 then encrypts, and takes no server
 * whose certificate the authority does not vouch for, or that bears another name.
 */
export function withMysqlAuthority(url: string, file: string | undefined): string {
  if (file === undefined || !URL.canParse(url) || mysqlAuthorityFault(file) !== undefined) return url;
  const complete = new URL(url);
  const ssl = { ca: readFileSync(file, 'utf8'), verifyIdentity: true };
  complete.searchParams.set('ssl', JSON.stringify(ssl));
  return complete.href;
}
