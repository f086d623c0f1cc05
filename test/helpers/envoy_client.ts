import { type ClientOptions, credentials, Metadata } from '@grpc/grpc-js';
import type { RateLimitDescriptor } from '../../gen/envoy/extensions/common/ratelimit/v3/ratelimit';
import {
  RateLimitResponse_Code as Code,
  type RateLimitResponse,
  RateLimitServiceClient,
} from '../../gen/envoy/service/ratelimit/v3/rls';
import { promised, untilStoreAnswers } from './quota_client';

const DEADLINE_MS = 30_000;

/** A descriptor: its entries as a map, and what is seldom set. */
export type Described = Readonly<Record<string, string | undefined>>;

/** What a gateway asks, with what is unset left out. */
export interface Asked {
  readonly domain?: string;
  readonly descriptors: readonly (Described | RateLimitDescriptor)[];
  readonly hitsAddend?: number;
  /** The x-request-id of the call. */
  readonly requestId?: string;
}

/** The generated client of Envoy's protocol, with promises. */
export interface EnvoyClient {
  ask(asked: Asked): Promise<RateLimitResponse>;
  /** Whether it is within the limits. */
  passes(asked: Asked): Promise<boolean>;
  close(): void;
}

export interface EnvoyClientOptions {
  readonly token?: string;
  /** For a test of the failure itself: a store that does not answer is not asked again. */
  readonly asksOnce?: boolean;
  readonly channel?: ClientOptions;
}

export function createEnvoyClient(target: string, options: EnvoyClientOptions = {}): EnvoyClient {
  const client = new RateLimitServiceClient(target, credentials.createInsecure(), options.channel ?? {});

  async function ask({ domain = 'shop', descriptors, hitsAddend = 0, requestId }: Asked) {
    const message = { domain, hitsAddend, descriptors: descriptors.map(descriptorOf) };
    const metadata = new Metadata();
    if (options.token !== undefined) metadata.set('authorization', `Bearer ${options.token}`);
    if (requestId !== undefined) metadata.set('x-request-id', requestId);
    const once = () =>
      promised<RateLimitResponse>((done) =>
        client.shouldRateLimit(message, metadata, { deadline: Date.now() + DEADLINE_MS }, done),
      );
    return options.asksOnce ? once() : untilStoreAnswers(once);
  }

  return {
    ask,
    passes: async (asked) => (await ask(asked)).overallCode === Code.OK,
    close: () => client.close(),
  };
}

/** A descriptor of these entries, in their order. */
export function descriptorOf(described: Described | RateLimitDescriptor): RateLimitDescriptor {
  if ('entries' in described && Array.isArray(described.entries)) return described as RateLimitDescriptor;
  const entries = Object.entries(described as Described).map(([key, value = '']) => ({ key, value }));
  return { entries, limit: undefined, hitsAddend: undefined, isNegativeHits: false };
}
