import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type TlsFiles, watchTlsFiles } from '../../../../environment/files/tls_files';
import { createFolder } from '../../../helpers/access';
import { type Authority, createAuthority, type Issued } from '../../../helpers/certificates';

const folder = createFolder();
let authority: Authority;
let ours: Issued;
let other: Issued;

beforeAll(async () => {
  authority = await createAuthority('ours');
  ours = await authority.issue({ commonName: 'one' });
  other = await authority.issue({ commonName: 'two' });
});
afterAll(() => folder.remove());

interface Pem {
  readonly certificate: Buffer | string;
  readonly key: Buffer | string;
  readonly ca?: Buffer | string;
}

/** What comes of reading the files. */
function readingOf({ certificate, key, ca }: Pem): string {
  const files: TlsFiles = {
    identity: { certificateFile: folder.write('cert', certificate), keyFile: folder.write('key', key) },
    authorityFile: ca === undefined ? undefined : folder.write('ca', ca),
  };
  try {
    watchTlsFiles({ files, onChange: () => undefined, onFault: () => undefined }).stop();
    return 'read';
  } catch (error) {
    return (error as Error).message.replaceAll(/\S*\/(\w+)/g, '$1');
  }
}

const joined = (...parts: (Buffer | string)[]) => parts.map(String).join('');

describe('watchTlsFiles', () => {
  test('a pair with its authority, and chains and bundles of several are read', () => {
    const chain = joined(ours.certificate, authority.certificate);

    expect([
      readingOf({ certificate: ours.certificate, key: ours.key, ca: authority.certificate }),
      readingOf({ certificate: chain, key: ours.key, ca: chain }),
      readingOf({ certificate: chain.replaceAll('\n', '\r\n'), key: ours.key }),
    ]).toEqual(['read', 'read', 'read']);
  });

  test.each<[string, () => Pem, string]>([
    ['the key of another', () => ({ ...ours, key: other.key }), 'key is not the key of cert'],
    [
      'a key for a certificate',
      () => ({ ...ours, certificate: ours.key }),
      'cert holds no certificate in PEM',
    ],
    [
      'a certificate for a key',
      () => ({ ...ours, key: ours.certificate }),
      'key holds no private key in PEM without a passphrase',
    ],
    ['an empty authority', () => ({ ...ours, ca: '' }), 'ca holds no certificate in PEM'],
    [
      'a certificate cut short',
      () => ({ ...ours, certificate: joined(ours.certificate).replace(/\n.{20}/, '\n') }),
      'cert holds a certificate that cannot be read',
    ],
    [
      'a bundle joined with no line end between',
      () => ({ ...ours, ca: joined(joined(authority.certificate).trimEnd(), other.certificate) }),
      'ca holds a certificate that cannot be read',
    ],
    [
      'a bundle whose second is broken',
      () => ({
        ...ours,
        ca: joined(authority.certificate, joined(other.certificate).replace(/\n.{20}/, '\n')),
      }),
      'ca holds a certificate that cannot be read',
    ],
  ])('%s, refused', (_, pem, expected) => {
    expect(readingOf(pem())).toBe(expected);
  });
});
