import type { FieldFault } from '../quota/errors';

/** The call does not identify its caller. The message never says which part was missing or wrong. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  /** `why` is for the log of the daemon. */
  constructor(readonly why: string) {
    super('a valid token or client certificate is needed');
  }
}

/** The caller is known, but its role does not allow this method, or its restrictions forbid the request. */
export class PermissionDenied extends Error {
  override readonly name = 'PermissionDenied';
  /** `identity` is the caller, for the log; `faults` lists each field that it may not use in this way. */
  constructor(
    readonly identity: string,
    readonly faults: readonly FieldFault[] = [],
  ) {
    super(
      faults.length === 0
        ? 'the role of this identity does not reach this method'
        : faults.map(({ field, description }) => `${field} ${description}`).join('; '),
    );
  }
}

/** The connection or the daemon has reached its limit of long-lived streams. */
export class TooManyStreams extends Error {
  override readonly name = 'TooManyStreams';
  constructor() {
    super('too many streams are open');
  }
}
