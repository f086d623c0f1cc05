import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { Timestamp } from '../../../gen/google/protobuf/timestamp';
import type { FieldFault } from '../../quota/errors';
import { hasValidNanos } from '../time';

/** The fields of a message that hold a moment: their names by their numbers. */
export type Moments = ReadonlyMap<number, string>;

export function momentsOf(message: DescMessage | undefined): Moments {
  const fields = message?.fields ?? [];
  const moments = fields.filter((field) => field.message?.typeName === 'google.protobuf.Timestamp');
  return new Map(moments.map(({ number, name }) => [number, name]));
}

/**
 * The moments of a readable message whose nanoseconds are out of range. The generated code makes a Date of a moment,
 * which no longer shows them.
 */
export function momentFaults(moments: Moments, bytes: Uint8Array): FieldFault[] {
  const faults: FieldFault[] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = moments.get(number);
    if (field === undefined) {
      reader.skip(wireType, number);
      continue;
    }
    const { nanos } = Timestamp.decode(reader.bytes());
    if (!hasValidNanos(nanos))
      faults.push({ field, description: `must have nanos of 0 to 999999999; it has ${nanos}` });
  }
  return faults;
}
