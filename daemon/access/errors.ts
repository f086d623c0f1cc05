import type { FieldFault } from '../quota/errors';

/** Nothing that the call carries shows who calls. The message never says which part was missing or wrong. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  /** `why` is for the log of the daemon. */
  constructor(readonly why: string) {
    super('a valid token or client certificate is needed');
  }
}

/** The caller is known, and its role does not reach this method, or its restrictions not what it asks for. */
export class PermissionDenied extends Error {
  override readonly name = 'PermissionDenied';
  /** `identity` is who was refused, for the log; `faults` each field that it may not use so. */
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

/** The connection, or the daemon, has as many lasting streams as it may have. */
export class TooManyStreams extends Error {
  override readonly name = 'TooManyStreams';
  constructor() {
    super('too many streams are open');
  }
}
