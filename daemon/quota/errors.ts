/** One thing that is wrong with a request: which field, and what it must be. */
export interface FieldFault {
  readonly field: string;
  readonly description: string;
}

/** The request cannot be decided on. Lists all of its faults, not just the first. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  constructor(readonly faults: readonly FieldFault[]) {
    super(faults.map(({ field, description }) => `${field} ${description}`).join('; '));
  }
}

/** A request id names one request for a time; what differs says which rule was broken. */
export function reusedRequestId(time: string, what: string): InvalidRequest {
  return new InvalidRequest([
    { field: 'request_id', description: `was used in the last ${time} with another ${what}` },
  ]);
}

/** No policy has this name. */
export class UnknownPolicy extends Error {
  override readonly name = 'UnknownPolicy';
  constructor(readonly policy: string) {
    super(`no policy is named ${JSON.stringify(policy)}`);
  }
}

/** The policy has no limit of this name. */
export class UnknownLimit extends Error {
  override readonly name = 'UnknownLimit';
  constructor(
    readonly policy: string,
    readonly limit: string,
  ) {
    super(`policy ${JSON.stringify(policy)} has no limit named ${JSON.stringify(limit)}`);
  }
}

/** No service has this name. */
export class UnknownService extends Error {
  override readonly name = 'UnknownService';
  constructor(readonly service: string) {
    super(`no service is named ${JSON.stringify(service)}`);
  }
}

/** No request of this id was admitted, or it is no longer remembered: there is nothing to give back. */
export class UnknownRequest extends Error {
  override readonly name = 'UnknownRequest';
  constructor() {
    super('no admitted request with this request_id is remembered for this subject and policy');
  }
}

/** The request of this id was refunded: it can be neither admitted again nor repeated. */
export class RefundedRequest extends Error {
  override readonly name = 'RefundedRequest';
  constructor() {
    super('the request with this request_id was refunded; a new request needs a new one');
  }
}

/** The caller's deadline had passed before the store could decide: nothing was taken. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
  constructor() {
    super('the deadline passed before a decision was made');
  }
}

/** The store is not one that this daemon can use: another schema, or another number of partitions. */
export class StoreMismatch extends Error {
  override readonly name = 'StoreMismatch';
}

/** The store's settings put guarantees at risk, and the daemon is configured to reject such a store. */
export class StoreUnsafe extends Error {
  override readonly name = 'StoreUnsafe';
}

/** The store is unreachable or cannot serve now: nothing was decided. Safe to retry with the same request id. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  constructor(options: { cause: unknown }) {
    super('the store is out of reach', options);
  }
}
