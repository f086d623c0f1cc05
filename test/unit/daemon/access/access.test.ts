import type { PeerCertificate } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { type AccessRules, createAccess, type Evidence } from '../../../../daemon/access/access';
import { PermissionDenied, Unauthenticated } from '../../../../daemon/access/errors';
import type { KnownIdentity } from '../../../../daemon/access/identities';
import { tokenDigest } from '../../../../daemon/access/tokens';

const ADMIT = '/quota.v1.QuotaService/Admit';
const GET_QUOTA = '/quota.v1.QuotaAdminService/GetQuota';
const SET_OVERRIDE = '/quota.v1.QuotaAdminService/SetOverride';
const REFLECT = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const REFLECT_ALPHA = '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo';
const HEALTH = '/grpc.health.v1.Health/Check';
const WATCH_HEALTH = '/grpc.health.v1.Health/Watch';

const IDENTITIES: KnownIdentity[] = [
  {
    name: 'web',
    role: 'caller',
    tokenDigests: [tokenDigest('new'), tokenDigest('old')],
    certificateNames: [],
  },
  { name: 'shop', role: 'site', tokenDigests: [tokenDigest('shops')], certificateNames: [] },
  {
    name: 'alice',
    role: 'operator',
    tokenDigests: [tokenDigest('hers')],
    certificateNames: ['DNS:alice.example', 'CN:alice'],
  },
];

const ON: AccessRules = { identities: () => IDENTITIES, asksCertificates: true };
const CERTIFICATES_ONLY: AccessRules = { identities: () => undefined, asksCertificates: true };
const OFF: AccessRules = { identities: () => undefined, asksCertificates: false };

const FAR = 'Jan  1 00:00:00 2100 GMT';

function certificate(names: { altNames?: string; commonName?: string; validTo?: string }): PeerCertificate {
  const { altNames, commonName = 'nobody', validTo = FAR } = names;
  return { subject: { CN: commonName }, subjectaltname: altNames, valid_to: validTo } as PeerCertificate;
}

/** What comes of a call: the caller's name, or the name of the refusal. */
function outcome(rules: AccessRules, evidence: Partial<Evidence>): string {
  const whole = { path: ADMIT, peer: '10.0.0.9:4711', authorization: [], certificate: () => undefined };
  try {
    return createAccess(rules).admit({ ...whole, ...evidence }).name;
  } catch (error) {
    if (error instanceof Unauthenticated || error instanceof PermissionDenied) return error.name;
    throw error;
  }
}

const CALLER = ['Bearer new'];
const SITE = ['Bearer shops'];
const OPERATOR = ['Bearer hers'];

const NOBODY = 'Unauthenticated';
const DENIED = 'PermissionDenied';
const ANYONE = 'anonymous@10.0.0.9:4711';

describe('access, by method and role', () => {
  test.each([
    [ADMIT, NOBODY, 'web', 'shop', 'alice'],
    ['/quota.v1.QuotaService/Stats', NOBODY, 'web', 'shop', 'alice'],
    ['/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit', NOBODY, 'web', 'shop', 'alice'],
    [GET_QUOTA, NOBODY, DENIED, 'shop', 'alice'],
    ['/quota.v1.QuotaAdminService/ResetQuota', NOBODY, DENIED, 'shop', 'alice'],
    ['/quota.v1.QuotaAdminService/EraseSubject', NOBODY, DENIED, 'shop', 'alice'],
    ['/quota.v1.QuotaAdminService/GetErasure', NOBODY, DENIED, DENIED, 'alice'],
    [SET_OVERRIDE, NOBODY, DENIED, DENIED, 'alice'],
    ['/quota.v1.QuotaAdminService/ClearOverride', NOBODY, DENIED, DENIED, 'alice'],
    ['/quota.v1.QuotaAdminService/ListOverrides', NOBODY, DENIED, DENIED, 'alice'],
    ['/quota.v1.QuotaAdminService/ListPolicies', NOBODY, DENIED, DENIED, 'alice'],
    ['/quota.v1.QuotaAdminService/WatchDecisions', NOBODY, DENIED, DENIED, 'alice'],
    ['/quota.v1.QuotaAdminService/AnythingToCome', NOBODY, DENIED, DENIED, 'alice'],
    [REFLECT, NOBODY, 'web', 'shop', 'alice'],
    [REFLECT_ALPHA, NOBODY, 'web', 'shop', 'alice'],
    [HEALTH, ANYONE, ANYONE, ANYONE, ANYONE],
    [WATCH_HEALTH, ANYONE, ANYONE, ANYONE, ANYONE],
    ['/quota.v2.QuotaService/Admit', NOBODY, DENIED, DENIED, DENIED],
    [`${GET_QUOTA}/more`, NOBODY, DENIED, DENIED, DENIED],
    [`/${GET_QUOTA}`, NOBODY, DENIED, DENIED, DENIED],
    ['/quota.v1.QuotaService/Admit/more', NOBODY, DENIED, DENIED, DENIED],
    ['//quota.v1.QuotaService/Admit', NOBODY, DENIED, DENIED, DENIED],
    ['quota.v1.QuotaService/Admit', NOBODY, DENIED, DENIED, DENIED],
    ['', NOBODY, DENIED, DENIED, DENIED],
  ])('%s: nobody is %s, a caller %s, a site %s, an operator %s', (path, ...expected) => {
    const shown = [[], CALLER, SITE, OPERATOR];

    expect(shown.map((authorization) => outcome(ON, { path, authorization }))).toEqual(expected);
  });
});

describe('access, by token', () => {
  test.each([
    ['the newer of two', ['Bearer new'], 'web'],
    ['the older of two', ['Bearer old'], 'web'],
    ['in lower case', ['bearer new'], 'web'],
    ['unknown', ['Bearer nobodys'], 'Unauthenticated'],
    ['in another case', ['Bearer New'], 'Unauthenticated'],
    ['with more behind it', ['Bearer new new'], 'Unauthenticated'],
    ['of another scheme', ['Basic new'], 'Unauthenticated'],
    ['bare', ['new'], 'Unauthenticated'],
    ['empty', ['Bearer '], 'Unauthenticated'],
    ['twice', ['Bearer new', 'Bearer new'], 'Unauthenticated'],
    ['beside a wrong one', ['Bearer new', 'Bearer nobodys'], 'Unauthenticated'],
  ])('%s, %j is %s', (_, authorization, expected) => {
    expect(outcome(ON, { authorization })).toBe(expected);
  });

  test.each([
    ['unknown', ['Bearer nobodys'], 'the token is not in the access file'],
    ['of another scheme', ['Basic new'], 'the authorization header holds no bearer token'],
    ['twice', ['Bearer new', 'Bearer new'], 'several authorization headers were sent'],
    ['missing', [], 'neither a token nor a valid certificate was shown'],
  ])('%s, %j: the log can say why', (_, authorization, why) => {
    const admit = () =>
      createAccess(ON).admit({ path: ADMIT, peer: '', authorization, certificate: () => undefined });

    expect(admit).toThrow(expect.objectContaining({ why }));
  });

  test('a wrong one with a right certificate is rejected', () => {
    const shown = () => certificate({ commonName: 'alice' });

    expect(outcome(ON, { authorization: ['Bearer nobodys'], certificate: shown })).toBe('Unauthenticated');
  });

  test('any is rejected without an access file', () => {
    expect(outcome(CERTIFICATES_ONLY, { authorization: ['Bearer new'] })).toBe('Unauthenticated');
  });
});

describe('access, by certificate', () => {
  test.each([
    ['an alternative name', { altNames: 'DNS:other, DNS:alice.example' }, 'alice'],
    ['an alternative name in another case', { altNames: 'DNS:Alice.Example' }, 'alice'],
    ['the common name', { commonName: 'alice' }, 'alice'],
    ['the name of another type', { altNames: 'URI:alice.example, email:alice.example' }, 'Unauthenticated'],
    ['a DNS name as the common name', { commonName: 'alice.example' }, 'Unauthenticated'],
    ['a common name among alternative ones', { altNames: 'CN:alice' }, 'Unauthenticated'],
    ['no alternative name of a known type', { altNames: 'IP Address:10.0.0.1' }, 'Unauthenticated'],
    [
      'the common name beside alternative ones',
      { altNames: 'DNS:other', commonName: 'alice' },
      'Unauthenticated',
    ],
    ['a name within a quoted one', { altNames: 'URI:"spiffe://x/y, DNS:alice.example"' }, 'Unauthenticated'],
    ['no known name', { commonName: 'mallory' }, 'Unauthenticated'],
    [
      'a known name, expired since',
      { commonName: 'alice', validTo: 'Jan  1 00:00:00 2020 GMT' },
      'Unauthenticated',
    ],
  ])('%s, %j is %s', (_, names, expected) => {
    expect(outcome(ON, { certificate: () => certificate(names) })).toBe(expected);
  });

  test('any of the authority, without an access file, is a caller and no operator', () => {
    const shown = () => certificate({ altNames: 'DNS:shop.example' });

    expect(outcome(CERTIFICATES_ONLY, { certificate: shown })).toBe('DNS:shop.example');
    expect(outcome(CERTIFICATES_ONLY, { certificate: shown, path: SET_OVERRIDE })).toBe('PermissionDenied');
  });

  test('none is rejected', () => {
    expect(outcome(CERTIFICATES_ONLY, {})).toBe('Unauthenticated');
  });

  test('a role that was never asked for is not looked at', () => {
    const rules = { ...ON, asksCertificates: false };

    expect(outcome(rules, { certificate: () => certificate({ commonName: 'alice' }) })).toBe(
      'Unauthenticated',
    );
  });
});

describe('access, switched off', () => {
  test.each([ADMIT, SET_OVERRIDE, REFLECT, HEALTH])(
    '%s is open to anyone, named by their address',
    (path) => {
      expect(outcome(OFF, { path })).toBe('anonymous@10.0.0.9:4711');
    },
  );

  test('a method that is in no table is rejected', () => {
    expect(outcome(OFF, { path: '/other.Service/Do' })).toBe('PermissionDenied');
  });
});

describe('the two refusals', () => {
  test('every fault has the same message', () => {
    const refusals = [[], ['Bearer nobodys'], ['Basic new'], ['Bearer']].map((authorization) => {
      try {
        createAccess(ON).admit({ path: ADMIT, peer: 'p', authorization, certificate: () => undefined });
        return 'admitted';
      } catch (error) {
        return (error as Error).message;
      }
    });

    expect(new Set(refusals)).toEqual(new Set(['a valid token or client certificate is needed']));
  });
});
