import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { FieldFault } from '../../quota/errors';
import { createFaultFinder, type FaultFinder } from './fault_finder';
import { type Moments, momentFaults, momentsOf } from './moments';

/** A request that could not be read. It takes the place of the message, so that a handler can answer it properly. */
export class Unreadable {
  constructor(readonly faults: readonly FieldFault[]) {}
}

type Definition = ServiceDefinition<UntypedServiceImplementation>;
type Read = (bytes: Buffer) => unknown;

/** Definitions whose unreadable requests reach the handlers, which answer them like any other bad request. */
export function createAnswerable(): <D extends Definition>(definition: D) => D {
  const finder = createFaultFinder();

  return <D extends Definition>(definition: D) => {
    const methods = Object.entries(definition).map(([name, method]) => {
      const { path } = method;
      const read = withMoments(method.requestDeserialize, momentsOf(finder.requestOf(path)));
      return [name, { ...method, requestDeserialize: orUnreadable(read, { path, finder }) }];
    });
    return Object.fromEntries(methods) as D;
  };
}

function orUnreadable(read: Read, { path, finder }: { path: string; finder: FaultFinder }): Read {
  return (bytes) => {
    try {
      return read(bytes);
    } catch {
      return new Unreadable(finder.faultsOf(path, bytes));
    }
  };
}

/** A message without moments, such as an Admit's, is read as before. */
function withMoments(read: Read, moments: Moments): Read {
  if (moments.size === 0) return read;
  return (bytes) => {
    const message = read(bytes);
    const faults = momentFaults(moments, bytes);
    return faults.length > 0 ? new Unreadable(faults) : message;
  };
}
