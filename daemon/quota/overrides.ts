/** Which limit of which subject. */
export interface OverrideTarget {
  readonly subject: string;
  readonly policy: string;
  readonly limitName: string;
}

/** Another size for one limit of one subject, to be set. */
export interface NewOverride extends OverrideTarget {
  /** The most tokens that can be taken at once; 0 denies everything. */
  readonly limit: number;
  /** Until when; undefined means until it is cleared. */
  readonly expireTimeMs: number | undefined;
  readonly setBy: string;
}

/** An override that holds. */
export interface Override extends NewOverride {
  /** By the store's clock. */
  readonly setTimeMs: number;
}

export interface OverrideQuery {
  /** Only this subject's; undefined means everybody's. */
  readonly subject: string | undefined;
  /** About how many. */
  readonly pageSize: number;
  /** The end of the previous page; undefined for the first. */
  readonly pageToken: string | undefined;
}

export interface OverridePage {
  readonly overrides: readonly Override[];
  /** Undefined on the last page. */
  readonly nextPageToken: string | undefined;
}
