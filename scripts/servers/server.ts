import type { Supervisor } from '../processes/supervisor';

/** What a private server is to be. */
export interface ServerWish {
  readonly supervisor: Supervisor;
  /** Keeps its data, its log and its port. */
  readonly folder: string;
  /** The port to try first. */
  readonly firstPort: number;
}

/** A private server that answers. */
export interface PrivateServer {
  readonly url: string;
  readonly port: number;
}
