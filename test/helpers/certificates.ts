import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type JsonGeneralNames,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

cryptoProvider.set(globalThis.crypto);

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A certificate with its key, in PEM. */
export interface Issued {
  readonly certificate: Buffer;
  readonly key: Buffer;
}

export interface IssueOptions {
  readonly commonName: string;
  readonly altNames?: JsonGeneralNames;
  /** From now; less than 0 makes one that has expired. */
  readonly validForMs?: number;
}

/** An authority that signs certificates, made for one test. */
export interface Authority {
  /** Its own certificate, in PEM. */
  readonly certificate: Buffer;
  issue(options: IssueOptions): Promise<Issued>;
}

export async function createAuthority(commonName: string): Promise<Authority> {
  const keys = await generateKeys();
  const name = `CN=${commonName}`;
  const own = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    notBefore: new Date(Date.now() - 2 * DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true, 1, true)],
  });
  return {
    certificate: pemOf(own),
    async issue({ commonName: subject, altNames = [], validForMs = DAY_MS }) {
      const subjectKeys = await generateKeys();
      const issued = await X509CertificateGenerator.create({
        subject: `CN=${subject}`,
        issuer: name,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notBefore: new Date(Date.now() - 2 * DAY_MS),
        notAfter: new Date(Date.now() + validForMs),
        extensions: altNames.length === 0 ? [] : [new SubjectAlternativeNameExtension(altNames)],
      });
      return { certificate: pemOf(issued), key: keyPem(subjectKeys.privateKey) };
    },
  };
}

/** The certificate of a test's daemon. */
export function issueForDaemon(authority: Authority): Promise<Issued> {
  return authority.issue({
    commonName: 'daemon',
    altNames: [
      { type: 'ip', value: '127.0.0.1' },
      { type: 'dns', value: 'localhost' },
    ],
  });
}

/** With a line end, so that two can stand in one file. */
function pemOf(certificate: X509Certificate): Buffer {
  return Buffer.from(`${certificate.toString('pem')}\n`);
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function keyPem(key: webcrypto.CryptoKey): Buffer {
  return Buffer.from(KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }));
}
