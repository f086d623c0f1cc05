import { experimental } from '@grpc/grpc-js';

const SCHEME = 'quota-daemons';

type Listener = experimental.ResolverListener;
type Endpoints = experimental.StatusOr<experimental.Endpoint[]>;

/**
 * One gRPC target for all the daemons. A single one may be anything that gRPC resolves, a name with several addresses or
 * `unix:PATH` for example; of several, each is HOST:PORT.
 */
export function toTarget(targets: string | readonly string[]): string {
  const list = listOf(targets);
  if (list.length === 1) return list.join();
  register();
  return `${SCHEME}:///${list.join(',')}`;
}

/** The targets, one or several, as a list. */
function listOf(targets: string | readonly string[]): readonly string[] {
  return typeof targets === 'string' ? [targets] : targets;
}

/** What is wrong with the targets, if anything is. */
export function targetFaults(targets: unknown): string[] {
  const list = typeof targets === 'string' ? [targets] : targets;
  if (!Array.isArray(list) || list.length === 0) return ['targets: name at least one daemon'];
  const isRight = list.length === 1 ? isNotEmpty : hasPort;
  return list
    .filter((target) => !isRight(target))
    .map((target) => `targets: ${JSON.stringify(target)} is not HOST:PORT`);
}

function isNotEmpty(target: unknown): boolean {
  return typeof target === 'string' && target !== '';
}

function hasPort(target: unknown): boolean {
  return typeof target === 'string' && experimental.splitHostPort(target)?.port !== undefined;
}

let isRegistered = false;

function register(): void {
  if (isRegistered) return;
  isRegistered = true;
  experimental.registerResolver(SCHEME, ListResolver);
}

/** gRPC resolves one name, or a list of addresses; this one resolves each name of a list, and returns all their addresses. */
class ListResolver implements experimental.Resolver {
  readonly #resolvers: experimental.Resolver[];
  readonly #listener: Listener;
  /** The latest result of each name; undefined until there is one. */
  readonly #results: (Endpoints | undefined)[] = [];

  constructor(target: experimental.GrpcUri, listener: Listener, options: object) {
    this.#listener = listener;
    this.#resolvers = namesOf(target).map((path, index) =>
      experimental.createResolver({ scheme: 'dns', path }, (result) => this.#keep(index, result), options),
    );
  }

  #keep(index: number, result: Endpoints): boolean {
    // A name that cannot be resolved just now keeps its addresses, as gRPC does with a single name.
    if (result.ok || !this.#results[index]?.ok) this.#results[index] = result;
    const known = this.#results.filter((each) => each !== undefined);
    const endpoints = known.flatMap((each) => (each.ok ? each.value : []));
    if (endpoints.length > 0) return this.#listener(experimental.statusOrFromValue(endpoints), {}, null, '');
    return known.length < this.#resolvers.length || this.#listener(result, {}, null, '');
  }

  updateResolution(): void {
    for (const resolver of this.#resolvers) resolver.updateResolution();
  }

  destroy(): void {
    for (const resolver of this.#resolvers) resolver.destroy();
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return namesOf(target)[0] ?? '';
  }
}

function namesOf({ path }: experimental.GrpcUri): string[] {
  return path.split(',');
}
