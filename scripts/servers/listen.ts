import { Refusal } from '../console/refusal';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const HIGHEST_PORT = 65_535;

/** Reads `host:port`, the host in brackets where it is of IPv6. Refuses anything else, naming the variable. */
export function parseListen(variable: string, text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= HIGHEST_PORT) return { host, port };
  throw new Refusal(`${variable} must be host:port, as 127.0.0.1:3000; it is ${JSON.stringify(text)}.`);
}

/** Where a program on this machine reaches a server that listens there. */
export function reachable({ host, port }: Address): string {
  if (host === '0.0.0.0' || host === '::') return `127.0.0.1:${port}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
