import type { PeerCertificate } from 'node:tls';

/**
 * The names that a certificate bears: its alternative names or, only where it has none, its common name
 * (RFC 6125, 6.4.4).
 */
export function certificateNames({ subjectaltname, subject }: PeerCertificate): string[] {
  if (subjectaltname) return alternativeNames(subjectaltname);
  // Node gives a list where the name stands several times; its types do not say so.
  return [subject?.CN ?? []].flat();
}

/** Reads `DNS:web.example, URI:"spiffe://a/b, c"`: Node quotes, as JSON, what would otherwise be read as two names. */
function alternativeNames(text: string): string[] {
  return Array.from(text.matchAll(/(?:^|, )[^:,]+:("(?:[^"\\]|\\.)*"|[^,]*)/g), ([, value = '']) =>
    value.startsWith('"') ? String(JSON.parse(value)) : value,
  );
}
