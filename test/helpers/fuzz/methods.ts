import { createFileRegistry } from '@bufbuild/protobuf';
import { CONTRACT, HEALTH, readDescriptors } from '../../../daemon/grpc/decoding/descriptors';
import { type Shape, shapeOf } from './messages';

/** A method that the daemon serves, and what it takes. */
export interface FuzzedMethod {
  readonly path: string;
  readonly shape: Shape;
  readonly isAnswerStreamed: boolean;
}

/** Those of the contract and of the health. */
export function servedMethods(): FuzzedMethod[] {
  return ([CONTRACT, HEALTH] as const).flatMap((file) => {
    const registry = createFileRegistry(readDescriptors(file));
    return [...registry].flatMap((described) => {
      if (described.kind !== 'service') return [];
      return described.methods.map(({ name, input, methodKind }) => ({
        path: `/${described.typeName}/${name}`,
        shape: shapeOf(input),
        isAnswerStreamed: methodKind === 'server_streaming',
      }));
    });
  });
}

/** grpc.reflection: ServerReflectionRequest, whose descriptor is the library's own. */
export const REFLECTION: Shape = () => [
  ...[1, 3, 4, 6, 7].map((number) => ({ number, kind: 'text' as const })),
  {
    number: 5,
    kind: () => [
      { number: 1, kind: 'text' as const },
      { number: 2, kind: 'number' as const },
    ],
  },
];

export const REFLECTION_PATHS = ['v1', 'v1alpha'].map(
  (version) => `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
);
