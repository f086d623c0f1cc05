import { type AddressInfo, isIP, type Server } from 'node:net';

/** The address of a server: a name or an address of IPv4 or IPv6, without brackets, and a port from 0 to 65535. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;

/** Reads HOST:PORT or [ADDRESS]:PORT, the brackets being for IPv6; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]/\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > MAX_PORT) return undefined;
  return bracketed !== undefined && isIP(bracketed) !== 6 ? undefined : { host, port };
}

/** The text that `parseAddress` reads. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The common reasons in words; any other is the system's own. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address in use',
  EADDRNOTAVAIL: 'not an address of this machine',
  EACCES: 'permission denied',
};

function reasonOf(cause: NodeJS.ErrnoException): string {
  // grpc-js names the code in its message alone.
  const code = cause.code ?? /\bE[A-Z]{4,}\b/.exec(cause.message)?.[0] ?? '';
  return REASONS[code] ?? cause.message;
}

/** The server cannot listen on the address: in use, not this machine's, or not allowed. */
export class ListenFailed extends Error {
  override readonly name = 'ListenFailed';
  constructor({ variable, listen, cause }: { variable: string; listen: string; cause: Error }) {
    super(`${variable}: cannot listen on ${listen}: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Lets a server listen at the HOST:PORT of a variable. Returns the port, which the system chooses for 0. Throws
 * `ListenFailed` if the server cannot.
 */
export function listenAt(
  server: Server,
  { variable, listen }: { variable: string; listen: string },
): Promise<number> {
  const address = parseAddress(listen);
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(new ListenFailed({ variable, listen, cause }));
    if (address === undefined) return fail(new Error('it is not of the form HOST:PORT'));
    server.once('error', fail);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
