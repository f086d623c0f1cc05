import { z } from 'zod';
import { entryOf, must, type PathFault, parseYamlFile, repeatedNames } from '../quota/yaml_faults';
import type { LineFault } from '../quota/yaml_source';
import { type CertificateName, toCertificateName } from './certificate_names';
import type { Restrictions } from './restrictions';
import { withoutTokens } from './tokens';

const ROLES = ['caller', 'site', 'operator'] as const;

/**
 * Roles: a `caller` asks for decisions; a `site` also reads subjects' quotas and who is blocked, lifts a block, raises a
 * limit within its policy's bound, and erases subjects; an `operator` does everything. `methods.ts` has the table.
 */
export type Role = (typeof ROLES)[number];

/** A caller. The name is for logs, and never a secret. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
  /** Restrictions on what its role allows; undefined: none. */
  readonly restrictions?: Restrictions;
  /** Its weight under overload; 1 unless set. */
  readonly weight?: number;
}

/** An identity of the access file, with its credentials. */
export interface KnownIdentity extends Identity {
  /** SHA-256 digests of its tokens; several while one is being replaced. */
  readonly tokenDigests: readonly Buffer[];
  /** Names that its client certificates may have. */
  readonly certificateNames: readonly CertificateName[];
}

/** The access file is invalid; all of its faults are listed, in line order. */
export class AccessFileInvalid extends Error {
  override readonly name = 'AccessFileInvalid';
  constructor(readonly faults: readonly LineFault[]) {
    super(faults.map(({ line, message }) => `line ${line}: ${message}`).join('\n'));
  }
}

const aName = must('letters, digits and . _ - @, 63 at most, a letter or digit first');
const name = z.string(aName).regex(/^[a-zA-Z0-9][\w.@-]{0,62}$/, aName);

/** More would leave the others nothing. */
const MAX_WEIGHT = 1000;

// The value is not shown: it may be the token itself.
const aDigest = {
  error: 'must be the SHA-256 of a token, in 64 hexadecimal digits; npm run token:new makes both',
};
const digest = z.string(aDigest).regex(/^[0-9a-fA-F]{64}$/, aDigest);

const aCertificateName = must(
  'a name that a client certificate bears, with its type: DNS:web.example, URI:spiffe://…, email:ops@… or CN:web',
);
const certificateName = z
  .string(aCertificateName)
  .refine((text) => toCertificateName(text) !== undefined, aCertificateName);

const aPolicyName = must('the name of a policy');
const policyName = z.string(aPolicyName).regex(/^[a-z][a-z0-9-]{0,62}$/, aPolicyName);

const aPrefix = must('the beginning of subjects, 1 to 128 characters');
const aCost = must('a whole number, 1 or more');
const aWeight = must('a whole number, 1 to 1000');

const identity = z.strictObject(
  {
    name,
    role: z.enum(ROLES, must('caller, site or operator')),
    token_sha256: oneOrMore(digest).default([]),
    certificate: oneOrMore(certificateName).default([]),
    policies: oneOrMore(policyName).optional(),
    subject_prefix: z.string(aPrefix).min(1, aPrefix).max(128, aPrefix).optional(),
    max_cost: z.int(aCost).min(1, aCost).optional(),
    weight: z.int(aWeight).min(1, aWeight).max(MAX_WEIGHT, aWeight).optional(),
  },
  must('a map'),
);

const file = z.strictObject(
  {
    identities: z.array(identity, must('a list of identities')).min(1, 'must hold at least one identity'),
  },
  { error: 'the file must be a map that holds identities' },
);

/** One value, or a list of them; read as a list, so that each fault is reported at its own place. */
function oneOrMore(entry: z.ZodString) {
  const list = z.array(entry).min(1, 'must hold at least one');
  return z.preprocess((raw) => (Array.isArray(raw) || raw === undefined ? raw : [raw]), list.optional());
}

/**
 * Reads and validates an access file. Throws `AccessFileInvalid` with every fault: syntax, unknown or repeated keys,
 * unknown roles, identities without credentials, and anything that two identities share.
 */
export function parseIdentities(text: string): KnownIdentity[] {
  const parsed = parseYamlFile({ text, schema: file, crossFaults });
  if ('faults' in parsed) {
    throw new AccessFileInvalid(
      parsed.faults.map(({ line, message }) => ({ line, message: withoutTokens(message) })),
    );
  }
  return parsed.data.identities.map(toIdentity);
}

function toIdentity(entry: z.output<typeof identity>): KnownIdentity {
  const { name, role, token_sha256, certificate, policies, subject_prefix, max_cost, weight } = entry;
  const isRestricted = [policies, subject_prefix, max_cost].some((each) => each !== undefined);
  const restrictions = { policies, subjectPrefix: subject_prefix, maxCost: max_cost };
  return {
    name,
    role,
    tokenDigests: (token_sha256 ?? []).map((hex) => Buffer.from(hex, 'hex')),
    certificateNames: (certificate ?? []).flatMap((text) => toCertificateName(text) ?? []),
    ...(isRestricted && { restrictions }),
    ...(weight !== undefined && { weight }),
  };
}

/** Faults between values. */
function crossFaults(raw: unknown): PathFault[] {
  const identities = entryOf(raw, 'identities');
  if (!Array.isArray(identities)) return [];
  const shownBy = (entry: unknown) =>
    [entryOf(entry, 'token_sha256'), entryOf(entry, 'certificate')].some((value) => value !== undefined);
  const hidden = identities.flatMap((entry, index) =>
    typeof entry === 'object' && entry !== null && !shownBy(entry)
      ? [{ path: ['identities', index], message: 'needs token_sha256 or certificate' }]
      : [],
  );
  return [
    ...hidden,
    ...repeatedNames(identities, ['identities'], (entry) => entryOf(entry, 'name')),
    ...sharedFaults(identities, 'token_sha256'),
    ...sharedFaults(identities, 'certificate'),
  ];
}

/** A repeated token or certificate would leave its owner unclear. */
function sharedFaults(identities: readonly unknown[], key: string): PathFault[] {
  const shown = identities.flatMap((entry, index) => {
    const value = entryOf(entry, key);
    const path = ['identities', index, key];
    return Array.isArray(value)
      ? value.map((one, place) => ({ path: [...path, place], value: one }))
      : [{ path, value }];
  });
  const comparable = shown.map(({ value }) => (typeof value === 'string' ? comparedAs(key, value) : value));
  return shown.flatMap(({ path }, index) =>
    typeof comparable[index] === 'string' && comparable.indexOf(comparable[index]) < index
      ? [{ path, message: 'stands above already' }]
      : [],
  );
}

/** The digits of a digest mean the same in either case; so do the type of a name, and what DNS names. */
function comparedAs(key: string, value: string): string {
  return key === 'token_sha256' ? value.toLowerCase() : (toCertificateName(value) ?? value);
}
