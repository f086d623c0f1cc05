/** A process that serves, as it reports itself. */
export interface FleetMember {
  /** An id that no other process has ever had. */
  readonly processId: string;
  /** The same for all processes that share a port. */
  readonly daemonId: string;
  readonly startTimeMs: number;
  readonly version: string;
  /** HOST:PORT of its gRPC, as configured. */
  readonly listen: string;
  /** See `digestOf`. */
  readonly policiesDigest: string;
  /** Decisions in flight, and how many may be. */
  readonly inFlight: number;
  readonly loadLimit: number;
}

/** All daemons that decide on one store. */
export interface Fleet {
  /** Those that have reported themselves within the last ten seconds. Throws `StoreUnavailable`. */
  list(): Promise<FleetMember[]>;
}
