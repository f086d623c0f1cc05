import { toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { ReflectionService } from '@grpc/reflection';
import { CONTRACT, HEALTH, readDescriptors } from './decoding/descriptors';

/** Describes the services to clients, so that grpcurl needs no file for calls or error details. */
export function createReflection(): ReflectionService {
  // The files unchanged: proto-loader would rebuild them without comments and with other file names.
  const fileDescriptorProtos = ([CONTRACT, HEALTH] as const)
    .flatMap((name) => readDescriptors(name).file)
    .map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file)));
  return new ReflectionService({
    descriptors: { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos, ...NO_CODEC },
  });
}

/** The package definition's type asks for a codec, which reflection never calls. */
const NO_CODEC = {
  serialize: () => Buffer.alloc(0),
  deserialize: () => ({}),
};
