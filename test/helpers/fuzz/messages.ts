import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import type { Random } from '../../../scripts/demo/random';
import { mutate } from './mutate';
import { anyNumber, anyText } from './values';

/** What a message may hold, as far as the wire knows it. */
export interface Field {
  readonly number: number;
  readonly kind: 'text' | 'number' | Shape;
}

export type Shape = () => readonly Field[];

/** Deeper than any message of ours; what refers to itself ends here. */
const MOST_DEPTH = 5;

const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** The shape of a message of the contract. */
export function shapeOf(message: DescMessage): Shape {
  return () => message.fields.map((field) => ({ number: field.number, kind: kindOf(field) }));
}

function kindOf(field: DescField): Field['kind'] {
  if (field.message !== undefined) return shapeOf(field.message);
  return field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES ? 'text' : 'number';
}

/** A message of a shape, with values at the edges; of ten, about four are then damaged. */
export function anyMessage(shape: Shape, random: Random): Buffer {
  const message = whole(shape, random, 0);
  return random.isLucky(0.4) ? mutate(message, random) : message;
}

function whole(shape: Shape, random: Random, depth: number): Buffer {
  const parts = shape().flatMap((field) => {
    const times = random.isLucky(0.8) ? 1 : random.pick([0, 0, 2, 5]);
    return Array.from({ length: times }, () => fieldOf(field, random, depth));
  });
  if (random.isLucky(0.1)) parts.splice(random.between(0, parts.length), 0, unknownField(random));
  return Buffer.concat(parts);
}

function fieldOf({ number, kind }: Field, random: Random, depth: number): Buffer {
  if (random.isLucky(0.03)) return wrongType(number, random);
  if (kind === 'number') return Buffer.concat([tag(number, WIRE.varint), varint(anyNumber(random))]);
  if (kind === 'text') return lengthDelimited(number, anyText(random));
  return lengthDelimited(number, depth < MOST_DEPTH ? whole(kind, random, depth + 1) : Buffer.alloc(0));
}

function wrongType(number: number, random: Random): Buffer {
  return random.pick<() => Buffer>([
    () => Buffer.concat([tag(number, WIRE.fixed64), Buffer.alloc(8, 0xff)]),
    () => Buffer.concat([tag(number, WIRE.fixed32), Buffer.alloc(4)]),
    () => Buffer.concat([tag(number, WIRE.groupStart), tag(number, WIRE.groupEnd)]),
    () => Buffer.concat([tag(number, WIRE.varint), varint(anyNumber(random))]),
    () => lengthDelimited(number, anyText(random)),
  ])();
}

function unknownField(random: Random): Buffer {
  return wrongType(random.pick([99, 15, 16, 19_000, 2 ** 29 - 1]), random);
}

function lengthDelimited(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([tag(number, WIRE.bytes), varint(BigInt(bytes.length)), bytes]);
}

function tag(number: number, type: number): Buffer {
  return varint((BigInt(number) << 3n) | BigInt(type));
}

/** Negative numbers take ten bytes, as protobuf writes them. */
function varint(value: bigint): Buffer {
  let left = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  do {
    const low = Number(left & 0x7fn);
    left >>= 7n;
    bytes.push(left === 0n ? low : low | 0x80);
  } while (left > 0n);
  return Buffer.from(bytes);
}
