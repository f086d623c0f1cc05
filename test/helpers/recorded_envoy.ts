import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { parse, stringify } from 'yaml';
import {
  RateLimitResponse_Code as Code,
  RateLimitResponse,
  RateLimitServiceService,
} from '../../gen/envoy/service/ratelimit/v3/rls';

const FIXTURES = join(__dirname, '../unit/daemon/grpc/envoy/fixtures/envoy_1.40.json');

/** Requests that Envoy 1.40 sent, in hexadecimal, by what they show. */
export const RECORDED: Readonly<Record<string, string>> = JSON.parse(readFileSync(FIXTURES, 'utf8'));

const ADDRESS = { actions: [{ remote_address: {} }] };
const LOGIN = {
  actions: [
    { generic_key: { descriptor_value: 'login' } },
    { request_headers: { header_name: 'x-user', descriptor_key: 'user' } },
  ],
};

/** The rate limits of the routes whose requests are recorded: the route is `/` and the name. */
export const RECORDED_ROUTES: Readonly<Record<string, readonly object[]>> = {
  plain: [ADDRESS],
  two: [ADDRESS, LOGIN],
  hits: [{ ...ADDRESS, hits_addend: { number: 3 } }],
  check: [{ ...ADDRESS, hits_addend: { number: 0 } }],
  negative: [{ ...ADDRESS, hits_addend: { number: 2, is_negative_hits: true } }],
  override: [{ ...ADDRESS, limit: { rate_limit: { requests_per_unit: 7, unit: 'MINUTE' } } }],
  'hits-of-request': [ADDRESS],
};

/** The headers of the request to each route. */
export const RECORDED_HEADERS: Readonly<Record<string, string>> = { 'x-user': 'élodie' };

const PER_ROUTE = 'type.googleapis.com/envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute';

/** Sets the hits of the whole request on the route that shows them. */
const REQUEST_HITS = {
  name: 'envoy.filters.http.set_filter_state',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config',
    on_request_headers: [
      {
        object_key: 'envoy.ratelimit.hits_addend',
        format_string: { text_format_source: { inline_string: '%REQ(x-hits)%' } },
        skip_if_empty: true,
      },
    ],
  },
};

/** The example's configuration with these routes in place of its own. */
export function withRecordedRoutes(config: string): string {
  const whole = parse(config);
  const manager = whole.static_resources.listeners[0].filter_chains[0].filters[0].typed_config;
  manager.http_filters.unshift(REQUEST_HITS);
  const [host] = manager.route_config.virtual_hosts;
  host.rate_limits = undefined;
  host.routes = Object.entries(RECORDED_ROUTES).map(([name, limits]) => ({
    match: { path: `/${name}` },
    route: { cluster: 'application' },
    // Hits of a descriptor are sent for limits of the filter only, not for those of a route.
    typed_per_filter_config: { 'envoy.filters.http.ratelimit': { '@type': PER_ROUTE, rate_limits: limits } },
  }));
  return stringify(whole).replaceAll('address: 0.0.0.0', 'address: 127.0.0.1');
}

/** A server that answers each question of Envoy with OK, and keeps its bytes. */
export interface RecordingServer {
  readonly target: string;
  readonly asked: Buffer[];
  stop(): void;
}

export async function startRecordingServer(): Promise<RecordingServer> {
  const asked: Buffer[] = [];
  const server = new Server();
  const { shouldRateLimit } = RateLimitServiceService;
  const bytesOf = { ...shouldRateLimit, requestDeserialize: (bytes: Buffer) => bytes };
  const handlers: UntypedServiceImplementation = {
    shouldRateLimit: ((call: { request: Buffer }, done: (error: null, answer: RateLimitResponse) => void) => {
      asked.push(call.request);
      done(null, RateLimitResponse.create({ overallCode: Code.OK }));
    }) as never,
  };
  server.addService({ shouldRateLimit: bytesOf } as never, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { target: `127.0.0.1:${port}`, asked, stop: () => server.forceShutdown() };
}
