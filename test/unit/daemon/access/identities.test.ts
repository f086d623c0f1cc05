import { describe, expect, test } from '@jest/globals';
import { parseIdentities } from '../../../../daemon/access/identities';
import { newToken, tokenDigest } from '../../../../daemon/access/tokens';

const DIGEST = 'ab'.repeat(32);
const OTHER_DIGEST = 'cd'.repeat(32);

/** The faults of a file, as an operator reads them; none if it is right. */
function faultsOf(text: string): string[] {
  try {
    parseIdentities(text);
    return [];
  } catch (error) {
    return String((error as Error).message).split('\n');
  }
}

/** A file of one identity, of which only what matters to the test is given. */
function fileWith(entry: Record<string, unknown>): string {
  return `identities:\n  - ${JSON.stringify({ name: 'web', role: 'caller', token_sha256: DIGEST, ...entry })}\n`;
}

const EVERY_FAULT = `
identities:
  - name: -web
    role: boss
    token_sha256: [abc, 12]
  - name: alice
    role: operator
  - name: alice
    role: operator
    token_sha256: ${DIGEST}
    certificate: [" ", alice, "IP:10.0.0.1"]
    token: secret
    policies: [connection, Login]
    subject_prefix: ""
    max_cost: 0
    weight: 1.5
  - name: bob
    role: caller
    token_sha256: [${OTHER_DIGEST}, ${DIGEST.toUpperCase()}]
  - web
identity: []
`;

describe('parseIdentities', () => {
  test('each kind of fault is listed at its line in plain words', () => {
    const aName =
      'must be a name that a client certificate bears, with its type: DNS:web.example, URI:spiffe://…, email:ops@… or CN:web';
    const aDigest = 'must be the SHA-256 of a token, in 64 hexadecimal digits; npm run token:new makes both';
    expect(faultsOf(EVERY_FAULT)).toEqual([
      'line 3: identities[0].name: must be letters, digits and . _ - @, 63 at most, a letter or digit first; it is "-web"',
      'line 4: identities[0].role: must be caller, site or operator; it is "boss"',
      `line 5: identities[0].token_sha256[0]: ${aDigest}`,
      `line 5: identities[0].token_sha256[1]: ${aDigest}`,
      'line 6: identities[1]: needs token_sha256 or certificate',
      'line 8: identities[2]: repeats the name "alice"',
      `line 11: identities[2].certificate[0]: ${aName}; it is " "`,
      `line 11: identities[2].certificate[1]: ${aName}; it is "alice"`,
      `line 11: identities[2].certificate[2]: ${aName}; it is "IP:10.0.0.1"`,
      'line 12: identities[2].token: is not a known key',
      'line 13: identities[2].policies[1]: must be the name of a policy; it is "Login"',
      'line 14: identities[2].subject_prefix: must be the beginning of subjects, 1 to 128 characters; it is ""',
      'line 15: identities[2].max_cost: must be a whole number, 1 or more; it is 0',
      'line 16: identities[2].weight: must be a whole number, 1 to 1000; it is 1.5',
      'line 19: identities[3].token_sha256[1]: stands above already',
      'line 20: identities[4]: must be a map; it is "web"',
      'line 21: identity: is not a known key',
    ]);
  });

  test('a file that is right gives every identity with what it shows', () => {
    const text = `identities:
  - { name: web, role: caller, token_sha256: [${DIGEST}, ${OTHER_DIGEST}] }
  - { name: alice@example.org, role: operator, certificate: CN:alice, token_sha256: ${'EF'.repeat(32)} }
  - { name: bob, role: operator, certificate: ["dns:Bob.Example", "URI:spiffe://example.org/bob"] }
  - { name: shop, role: site, token_sha256: ${'f1'.repeat(32)}, policies: connection, subject_prefix: "s-", max_cost: 5, weight: 3 }
`;

    expect(parseIdentities(text)).toEqual([
      {
        name: 'web',
        role: 'caller',
        tokenDigests: [DIGEST, OTHER_DIGEST].map((hex) => Buffer.from(hex, 'hex')),
        certificateNames: [],
      },
      {
        name: 'alice@example.org',
        role: 'operator',
        tokenDigests: [Buffer.from('ef'.repeat(32), 'hex')],
        certificateNames: ['CN:alice'],
      },
      {
        name: 'bob',
        role: 'operator',
        tokenDigests: [],
        certificateNames: ['DNS:bob.example', 'URI:spiffe://example.org/bob'],
      },
      {
        name: 'shop',
        role: 'site',
        tokenDigests: [Buffer.from('f1'.repeat(32), 'hex')],
        certificateNames: [],
        restrictions: { policies: ['connection'], subjectPrefix: 's-', maxCost: 5 },
        weight: 3,
      },
    ]);
  });

  test.each([
    ['nothing', '', 'line 1: the file must be a map that holds identities'],
    ['a list', '- web\n', 'line 1: the file must be a map that holds identities'],
    ['no identity', 'identities: []\n', 'line 1: identities: must hold at least one identity'],
    ['no list', 'identities: web\n', 'line 1: identities: must be a list of identities; it is "web"'],
  ])('%s gets told what a file must be', (_, text, expected) => {
    expect(faultsOf(text)).toEqual([expected]);
  });

  test.each([
    ['a certificate', { token_sha256: undefined, certificate: [] }, 'certificate: must hold at least one'],
    ['a digest', { token_sha256: [] }, 'token_sha256: must hold at least one'],
  ])('an empty list in place of %s is rejected', (_, entry, expected) => {
    expect(faultsOf(fileWith(entry))).toEqual([`line 2: identities[0].${expected}`]);
  });

  test.each([
    ['as its digest', (token: string) => fileWith({ token_sha256: token })],
    ['as a name', (token: string) => fileWith({ name: `my ${token}` })],
    ['as a role', (token: string) => fileWith({ role: token })],
    ['as a key', (token: string) => fileWith({ [token]: true })],
  ])('a token pasted %s is a fault that does not repeat it', (_, fileOf) => {
    const token = newToken();
    const faults = faultsOf(fileOf(token));

    expect(faults).toHaveLength(1);
    expect(faults.join()).not.toContain(token.slice(6, 20));
  });
});

describe('newToken', () => {
  test('a thousand are all different, and each is fit for a header', () => {
    const tokens = Array.from({ length: 1_000 }, newToken);

    expect(new Set(tokens).size).toBe(1_000);
    for (const token of tokens) expect(token).toMatch(/^quota_[\w-]{43}$/);
  });

  test('its digest is as sha256sum would make it', () => {
    expect(tokenDigest('quota_example').toString('hex')).toBe(
      '3df7b138c856d2339967b25d50936aa4eff94c7b18be2bb5630a6d6f6148d2bf',
    );
  });
});
