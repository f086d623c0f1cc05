/** Nothing that the call carries shows who calls. The message never says which part was missing or wrong. */
export class Unauthenticated extends Error {
  override readonly name = 'Unauthenticated';
  /** `why` is for the log of the daemon. */
  constructor(readonly why: string) {
    super('a valid token or client certificate is needed');
  }
}

/** The caller is known, and its role does not reach this method. */
export class PermissionDenied extends Error {
  override readonly name = 'PermissionDenied';
  /** `identity` is who was refused, for the log. */
  constructor(readonly identity: string) {
    super('the role of this identity does not reach this method');
  }
}

/** The connection, or the daemon, has as many lasting streams as it may have. */
export class TooManyStreams extends Error {
  override readonly name = 'TooManyStreams';
  constructor() {
    super('too many streams are open');
  }
}
