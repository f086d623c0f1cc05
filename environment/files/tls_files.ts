import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readFiles, type Watched, watchFiles } from './watched_files';

/** One side of TLS, as files in PEM. */
export interface TlsFiles {
  /** The identity of this side: its certificate and those between it and its authority, and the key. */
  readonly identity: { readonly certificateFile: string; readonly keyFile: string } | undefined;
  /** The authority whose certificates this side trusts. */
  readonly authorityFile: string | undefined;
}

/** What the files hold. */
export interface TlsMaterial {
  readonly identity:
    | { readonly certificate: Buffer; readonly privateKey: Buffer; readonly validTo: Date }
    | undefined;
  readonly authority: Buffer | undefined;
  /** When the first certificate of each file expires. */
  readonly ends: readonly { readonly file: string; readonly validTo: Date }[];
}

/** A certificate, a key or an authority cannot be used, or they do not go together. */
export class TlsInvalid extends Error {
  override readonly name = 'TlsInvalid';
}

/**
 * Reads the files, now and on change; invalid files never replace valid ones. Throws `TlsInvalid` or `FileUnreadable` if
 * they cannot be used at the start.
 */
export function watchTlsFiles({
  files,
  ...watching
}: {
  files: TlsFiles;
  onChange?: (material: TlsMaterial) => void;
  onFault: (error: Error) => void;
}): Watched<TlsMaterial> {
  return watchFiles({
    ...watching,
    files: namesOf(files),
    read: (contents) => readMaterial(files, contents),
  });
}

/** Reads the files once. Throws `TlsInvalid` or `FileUnreadable` if they cannot be used. */
export function readTlsFiles(files: TlsFiles): TlsMaterial {
  return readMaterial(files, readFiles(namesOf(files)));
}

function namesOf({ identity, authorityFile }: TlsFiles): string[] {
  const own = identity === undefined ? [] : [identity.certificateFile, identity.keyFile];
  return authorityFile === undefined ? own : [...own, authorityFile];
}

/** Checks what would otherwise be found out only when the first connection is made. */
function readMaterial({ identity, authorityFile }: TlsFiles, contents: readonly Buffer[]): TlsMaterial {
  const [certificate, privateKey] = identity === undefined ? [] : contents;
  const authority = authorityFile === undefined ? undefined : contents.at(-1);
  const authorities = authority === undefined ? [] : readCertificates(authorityFile ?? '', authority);
  const ends = authorityFile === undefined ? [] : [{ file: authorityFile, validTo: firstEnd(authorities) }];
  if (identity === undefined || certificate === undefined || privateKey === undefined)
    return { identity: undefined, authority, ends };
  const { certificateFile, keyFile } = identity;
  const own = readCertificates(certificateFile, certificate);
  const [leaf] = own;
  const key = attempt(`${keyFile} holds no private key in PEM without a passphrase`, () =>
    createPrivateKey(privateKey),
  );
  if (!leaf.checkPrivateKey(key)) throw new TlsInvalid(`${keyFile} is not the key of ${certificateFile}`);
  attempt(`${certificateFile} cannot be used for TLS`, () =>
    createSecureContext({ cert: certificate, key: privateKey }),
  );
  return {
    identity: { certificate, privateKey, validTo: new Date(leaf.validTo) },
    authority,
    ends: [{ file: certificateFile, validTo: firstEnd(own) }, ...ends],
  };
}

/** Reads every certificate of a file, as OpenSSL would stop at a broken one and say nothing. */
function readCertificates(file: string, pem: Buffer): [X509Certificate, ...X509Certificate[]] {
  const [first, ...more] = String(pem).match(CERTIFICATES) ?? [];
  if (first === undefined) throw new TlsInvalid(`${file} holds no certificate in PEM`);
  return attempt(`${file} holds a certificate that cannot be read`, () => [
    new X509Certificate(first),
    ...more.map((one) => new X509Certificate(one)),
  ]);
}

/** A chain is valid until the first of its certificates expires. */
function firstEnd(certificates: readonly X509Certificate[]): Date {
  return new Date(Math.min(...certificates.map(({ validTo }) => Date.parse(validTo))));
}

/** Two that were joined with no line end between make one that cannot be read. */
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----.*/g;

/** OpenSSL's own words are of little use to an operator; they are kept as the cause. */
function attempt<T>(message: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new TlsInvalid(message, { cause });
  }
}
