import { Command } from 'ioredis';

/** What a server that prefers names says instead of one that it has not heard. */
const UNNAMED = '?';

type Server = readonly [host: string | null, port: number, ...rest: unknown[]];
type Range = readonly [first: number, last: number, master: Server, ...replicas: Server[]];

/** A server that cannot say where the others are, so another one must be asked. */
export class UnknownServers extends Error {}

/**
 * The answer to CLUSTER SLOTS, replicas without a name left out. Throws `UnknownServers` if there are no slots, as on a server that
 * has left its Cluster, or if a master has no name, as for a moment on one that has just joined: it learns the others' addresses
 * first and their names later (Redis's `cluster-preferred-endpoint-type hostname`). Other answers of CLUSTER pass.
 */
export function checkSlots(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  if (answer.length === 0) throw new UnknownServers('the server knows no slots');
  if (!answer.every(isRange)) return answer;
  return answer.map(([first, last, master, ...replicas]) => {
    if (!isNamed(master))
      throw new UnknownServers(`the server cannot name the master of slots ${first} to ${last}`);
    return [first, last, master, ...replicas.filter(isNamed)];
  });
}

/** Checks what the library learns of slots: otherwise it closes the connections to all servers that the answer does not name. */
export function checkLearntSlots(): void {
  Command.setReplyTransformer('cluster', checkSlots);
}

function isRange(entry: unknown): entry is Range {
  return Array.isArray(entry) && Number.isInteger(entry[0]) && Array.isArray(entry[2]);
}

function isNamed([host]: Server): boolean {
  return host !== null && host !== '' && host !== UNNAMED;
}
