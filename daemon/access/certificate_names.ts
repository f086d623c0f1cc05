import type { PeerCertificate } from 'node:tls';

/** The types of name that an access file can ask for. An address or a directory name shows nobody. */
export const CERTIFICATE_NAME_TYPES = ['DNS', 'URI', 'email', 'CN'] as const;

/** A name of a certificate with its type, as `DNS:web.example`: whoever may have one type is nobody under another. */
export type CertificateName = `${(typeof CERTIFICATE_NAME_TYPES)[number]}:${string}`;

/**
 * The names that a certificate bears, each with its type: its alternative names or, only if it has none, its common
 * name (RFC 6125, 6.4.4).
 */
export function certificateNames({ subjectaltname, subject }: PeerCertificate): CertificateName[] {
  if (subjectaltname) return alternativeNames(subjectaltname);
  // Node gives a list where the name stands several times; its types do not say so.
  return [subject?.CN ?? []].flat().map((name) => `CN:${name}` as const);
}

/** The name as it is compared, if it has a type: case matters in none of the types, and not in what DNS names. */
export function toCertificateName(text: string): CertificateName | undefined {
  const [, written = '', value = ''] = /^([a-z]+):(\S(?:.*\S)?)$/i.exec(text) ?? [];
  const type = CERTIFICATE_NAME_TYPES.find((each) => each.toLowerCase() === written.toLowerCase());
  if (type === undefined) return undefined;
  return `${type}:${type === 'DNS' ? value.toLowerCase() : value}`;
}

/** Reads `DNS:web.example, URI:"spiffe://a/b, c"`: Node quotes, as JSON, what would otherwise be read as two names. */
function alternativeNames(text: string): CertificateName[] {
  const written = text.matchAll(/(?:^|, )([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return Array.from(written).flatMap(([, type = '', value = '']) => {
    const name = value.startsWith('"') ? String(JSON.parse(value)) : value;
    // No alternative name is a common name, whatever it calls itself.
    return type === 'CN' ? [] : (toCertificateName(`${type}:${name}`) ?? []);
  });
}
