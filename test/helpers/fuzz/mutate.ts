import type { Random } from '../../../scripts/demo/random';

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const at = (bytes: Buffer, random: Random) => random.between(0, Math.max(0, bytes.length - 1));

const flipBit: Mutation = (bytes, random) => {
  const copy = Buffer.from(bytes);
  const place = at(copy, random);
  copy[place] = (copy[place] ?? 0) ^ (1 << random.between(0, 7));
  return copy;
};

const setByte: Mutation = (bytes, random) => {
  const copy = Buffer.from(bytes);
  copy[at(copy, random)] = random.pick([0, 1, 0x7f, 0x80, 0xff]);
  return copy;
};

const insert: Mutation = (bytes, random) => {
  const place = at(bytes, random);
  const added = Buffer.from(Array.from({ length: random.between(1, 8) }, () => random.between(0, 255)));
  return Buffer.concat([bytes.subarray(0, place), added, bytes.subarray(place)]);
};

const remove: Mutation = (bytes, random) => {
  const place = at(bytes, random);
  return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + random.between(1, 8))]);
};

const repeat: Mutation = (bytes, random) => {
  const place = at(bytes, random);
  const part = bytes.subarray(place, place + random.between(1, 32));
  return Buffer.concat([bytes.subarray(0, place), part, part, bytes.subarray(place + part.length)]);
};

const cutOff: Mutation = (bytes, random) => bytes.subarray(0, at(bytes, random));

/** Changes some places of the bytes. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = bytes;
  for (let left = random.between(1, 4); left > 0; left -= 1)
    mutated = random.pick([flipBit, setByte, insert, remove, repeat, cutOff])(mutated, random);
  return mutated;
}
