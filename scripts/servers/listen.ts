import { type Address, formatAddress, parseAddress } from '../../environment/listen';
import { Refusal } from '../console/refusal';

/** Reads `host:port`, the host in brackets if it is IPv6. Refuses anything else, naming the variable. */
export function parseListen(variable: string, text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new Refusal(`${variable} must be host:port, as 127.0.0.1:3000; it is ${JSON.stringify(text)}.`);
}

/** The address at which a program on this machine reaches a server that listens there. */
export function reachable(address: Address): string {
  const isEverywhere = address.host === '0.0.0.0' || address.host === '::';
  return formatAddress(isEverywhere ? { ...address, host: '127.0.0.1' } : address);
}
