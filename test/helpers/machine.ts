/** A machine of a network: programs that are started with its command see that machine's interfaces alone. */
export interface Machine {
  readonly address: string;
  /** Goes before a command. */
  readonly command: readonly string[];
}

/** This machine, by its loopback. */
export const LOOPBACK: Machine = { address: '127.0.0.1', command: [] };
