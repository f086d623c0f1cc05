import { timingSafeEqual } from 'node:crypto';
import type { PeerCertificate } from 'node:tls';
import { type CertificateName, certificateNames } from './certificate_names';
import { PermissionDenied, Unauthenticated } from './errors';
import type { Identity, KnownIdentity } from './identities';
import { isOpen, mayCall } from './methods';
import { bearerToken, tokenDigest } from './tokens';

/** The caller's evidence in a call. */
export interface Evidence {
  /** The method, as `/package.Service/Method`. */
  readonly path: string;
  /** The peer's address, for the logs. */
  readonly peer: string;
  /** Every `authorization` header. */
  readonly authorization: readonly string[];
  /** The client certificate, if one was shown and the authority signed it. Read only if needed. */
  readonly certificate: () => PeerCertificate | undefined;
}

/** Who may call what. */
export interface Access {
  /** The caller. Throws `Unauthenticated` or `PermissionDenied` if the call is not allowed. */
  admit(evidence: Evidence): Identity;
  /** The caller, for any method; undefined if unknown. */
  find(evidence: Omit<Evidence, 'path'>): Identity | undefined;
  /** Changes whenever the data that `find` depends on changes. */
  version(): unknown;
}

/** How callers are distinguished. */
export interface AccessRules {
  /** The access file's current identities; undefined if there is no such file. */
  readonly identities: () => readonly KnownIdentity[] | undefined;
  /** Whether client certificates are requested. */
  readonly asksCertificates: boolean;
}

/** Decides who may call what, by tokens and certificates; if there are neither, everyone may call everything. */
export function createAccess(rules: AccessRules): Access {
  return {
    find(evidence) {
      if (isOff(rules)) return anonymousOf(evidence);
      try {
        return identify(rules, evidence);
      } catch (error) {
        if (error instanceof Unauthenticated) return undefined;
        throw error;
      }
    },
    version: rules.identities,
    admit(evidence) {
      const anonymous = anonymousOf(evidence);
      if (isOpen(evidence.path)) return anonymous;
      const identity = isOff(rules) ? anonymous : identify(rules, evidence);
      if (!mayCall(identity, evidence.path)) throw new PermissionDenied(identity.name);
      return identity;
    },
  };
}

function anonymousOf({ peer }: Pick<Evidence, 'peer'>): Identity {
  return { name: `anonymous@${peer}`, role: 'operator' };
}

function isOff({ identities, asksCertificates }: AccessRules): boolean {
  return identities() === undefined && !asksCertificates;
}

/** If a token is sent, it alone decides: a certificate does not make up for a wrong token. */
function identify(
  { identities, asksCertificates }: AccessRules,
  { authorization, certificate }: Pick<Evidence, 'authorization' | 'certificate'>,
): Identity {
  const known = identities();
  if (authorization.length > 0) return byToken(known ?? [], authorization);
  const shown = asksCertificates ? certificate() : undefined;
  if (shown === undefined) throw new Unauthenticated('neither a token nor a valid certificate was shown');
  // A connection may outlive the certificate that opened it.
  if (Date.parse(shown.valid_to) < Date.now())
    throw new Unauthenticated(`the certificate has expired, on ${shown.valid_to}`);
  return byCertificate(known, certificateNames(shown));
}

function byToken(known: readonly KnownIdentity[], authorization: readonly string[]): Identity {
  const [header = '', ...more] = authorization;
  const token = bearerToken(header);
  if (more.length > 0) throw new Unauthenticated('several authorization headers were sent');
  if (token === undefined) throw new Unauthenticated('the authorization header holds no bearer token');
  const digest = tokenDigest(token);
  // All digests are compared, in constant time, so that the time reveals nothing about near matches.
  const matching = known.filter(({ tokenDigests }) => {
    const matches = tokenDigests.map((one) => timingSafeEqual(one, digest));
    return matches.includes(true);
  });
  const [identity] = matching;
  if (identity === undefined) throw new Unauthenticated('the token is not in the access file');
  return identity;
}

function byCertificate(
  known: readonly KnownIdentity[] | undefined,
  names: readonly CertificateName[],
): Identity {
  // Without an access file, everybody with a certificate of the authority may call, and nobody is an operator.
  if (known === undefined) return { name: names[0] ?? 'unnamed certificate', role: 'caller' };
  const identity = known.find(({ certificateNames }) =>
    certificateNames.some((name) => names.includes(name)),
  );
  if (identity === undefined) throw new Unauthenticated('no name of the certificate is in the access file');
  return identity;
}
