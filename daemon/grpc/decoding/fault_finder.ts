import {
  createFileRegistry,
  type DescField,
  type DescMessage,
  fromBinary,
  ScalarType,
} from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import type { FieldFault } from '../../quota/errors';
import { CONTRACT, readDescriptors } from './descriptors';

/** Finds out why a request could not be read, with a slow reader that knows each field's name. */
export interface FaultFinder {
  /** The message that a method takes, given as `/package.Service/Method`. */
  requestOf(path: string): DescMessage | undefined;
  /** What is wrong with the bytes: at least one fault. */
  faultsOf(path: string, bytes: Uint8Array): FieldFault[];
}

/** These are reported as a whole: callers do not know their parts as fields. */
const WHOLE_TYPES = new Set([
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
  'google.protobuf.UInt64Value',
]);

const UNREADABLE: FieldFault = { field: 'request', description: 'is not a readable message of this method' };

/** A finder for the methods of the contract. */
export function createFaultFinder(): FaultFinder {
  const registry = createFileRegistry(readDescriptors(CONTRACT));

  function requestOf(path: string): DescMessage | undefined {
    const [, service = '', method] = path.split('/');
    return registry.getService(service)?.methods.find(({ name }) => name === method)?.input;
  }

  return {
    requestOf,
    faultsOf(path, bytes) {
      const request = requestOf(path);
      const faults = request === undefined ? [] : numberFaults(request, bytes);
      return faults.length > 0 ? faults : [UNREADABLE];
    },
  };
}

/** Integers too large for JavaScript; none if the bytes are no message at all. */
function numberFaults(request: DescMessage, bytes: Uint8Array): FieldFault[] {
  try {
    return faultsIn(reflect(request, fromBinary(request, bytes)));
  } catch {
    return [];
  }
}

function faultsIn(message: ReflectMessage): FieldFault[] {
  return message.fields.flatMap((field) => {
    if (!message.isSet(field)) return [];
    if (field.fieldKind === 'message') return faultsInPart(field.name, message.get(field));
    if (field.fieldKind === 'list' && field.listKind === 'message')
      return [...message.get(field)].flatMap((part, at) =>
        faultsInPart(`${field.name}[${at}]`, part as ReflectMessage),
      );
    const value: unknown = isInt64(field) ? message.get(field) : 0n;
    return typeof value === 'bigint' && !isSafe(value)
      ? [
          {
            field: field.name,
            description: `must be ${Number.MAX_SAFE_INTEGER} or less in size; it is ${value}`,
          },
        ]
      : [];
  });
}

/** Faults of a message within another one, under the name of its field. */
function faultsInPart(name: string, part: ReflectMessage): FieldFault[] {
  const faults = faultsIn(part);
  if (faults.length === 0) return [];
  return WHOLE_TYPES.has(part.desc.typeName)
    ? [{ field: name, description: 'is out of range' }]
    : faults.map((fault) => ({ ...fault, field: `${name}.${fault.field}` }));
}

function isInt64(field: DescField): boolean {
  return (
    field.fieldKind === 'scalar' && (field.scalar === ScalarType.INT64 || field.scalar === ScalarType.UINT64)
  );
}

function isSafe(value: bigint): boolean {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
}
