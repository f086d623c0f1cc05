/** One change that an operator, or a site's staff, asked for. */
export interface Change {
  /** Who asked for it, as the access file names them. */
  readonly by: string;
  /** As package.Service/Method. */
  readonly method: string;
  /** Whose, under the keyed hash of the logs; empty if the request named nobody. */
  readonly subjectHash: string;
  /** The other fields of the request, in words. */
  readonly fields: Readonly<Record<string, string>>;
  /** The name of the resulting gRPC status. */
  readonly code: string;
  readonly callId: string;
}

/** A change as the store keeps it. */
export interface AuditedChange extends Change {
  /** By the store's clock. */
  readonly timeMs: number;
}

export interface AuditQuery {
  /** At most. */
  readonly pageSize: number;
  /** The end of the previous page; undefined for the first. */
  readonly pageToken: string | undefined;
}

export interface AuditPage {
  /** The latest first. */
  readonly entries: readonly AuditedChange[];
  /** Undefined on the last page. */
  readonly nextPageToken: string | undefined;
}

/** The trail of changes in the store: a bounded number of them. Throws `StoreUnavailable` if the store cannot answer. */
export interface Auditing {
  record(change: Change): Promise<void>;
  /** Throws `InvalidRequest` if the page token is invalid. */
  list(query: AuditQuery): Promise<AuditPage>;
}
