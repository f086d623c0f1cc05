import type { PeerCertificate } from 'node:tls';

/** The types of name that an access file can use. An address or a directory name identifies nobody. */
export const CERTIFICATE_NAME_TYPES = ['DNS', 'URI', 'email', 'CN'] as const;

/** A name of a certificate with its type, as `DNS:web.example`: a name of one type counts for nothing under another. */
export type CertificateName = `${(typeof CERTIFICATE_NAME_TYPES)[number]}:${string}`;

/**
 * The names in a certificate, each with its type: its alternative names or, only if it has none, its common name (RFC
 * 6125, 6.4.4).
 */
export function certificateNames({ subjectaltname, subject }: PeerCertificate): CertificateName[] {
  if (subjectaltname) return alternativeNames(subjectaltname);
  // Node returns a list if the name occurs several times, though its types do not say so.
  return [subject?.CN ?? []].flat().map((name) => `CN:${name}` as const);
}

/** The name in its compared form, if it has a type: the type is case-insensitive, and so are DNS names. */
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
    // An alternative name is never a common name, even if it is labelled as one.
    return type === 'CN' ? [] : (toCertificateName(`${type}:${name}`) ?? []);
  });
}
