import type { LimitSize } from '../algorithms/algorithm';

/** A key and its value. */
export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** What a gateway asks about: an act, described by keys and values. Valid by construction: see `grpc/envoy/validate.ts`. */
export interface Descriptor {
  readonly entries: readonly DescriptorEntry[];
  /** How many tokens it takes from each limit; 0 only checks whether one is left. */
  readonly cost: number;
  /** The size that the gateway asks for, instead of the policy's. */
  readonly override: LimitSize | undefined;
}

/** A request of a gateway. */
export interface DescriptorRequest {
  /** Whose mapping applies. */
  readonly domain: string;
  readonly descriptors: readonly Descriptor[];
  /** Names the request that the gateway decides on, if it says so. */
  readonly requestId: string | undefined;
}
