import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';

/** What is served, as buf compiled it: the contract and the health service, with their own names and comments. */
const DESCRIPTOR_SETS = ['descriptors.binpb', 'health.binpb'];

/** Tells clients what is served, so that grpcurl needs no file. */
export function createReflection(): ReflectionService {
  // The files as they are: proto-loader would make them anew, without comments and with other file names.
  const fileDescriptorProtos = DESCRIPTOR_SETS.flatMap((name) => {
    const bytes = readFileSync(join(__dirname, '../../gen', name));
    const { file } = fromBinary(FileDescriptorSetSchema, bytes);
    return file.map((descriptor) => Buffer.from(toBinary(FileDescriptorProtoSchema, descriptor)));
  });
  return new ReflectionService({
    descriptors: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos, ...NO_CODEC },
  });
}

/** The package definition's type asks for a codec, which reflection never calls. */
const NO_CODEC = {
  serialize: () => Buffer.alloc(0),
  deserialize: () => ({}),
};
