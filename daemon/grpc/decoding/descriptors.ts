import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorSet, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** The contract and the details of its errors. */
export const CONTRACT = 'descriptors.binpb';

/** The health service. */
export const HEALTH = 'health.binpb';

/** What buf compiled, with the names and comments of the .proto files. */
export function readDescriptors(name: typeof CONTRACT | typeof HEALTH): FileDescriptorSet {
  return fromBinary(FileDescriptorSetSchema, readFileSync(join(__dirname, '../../../gen', name)));
}
