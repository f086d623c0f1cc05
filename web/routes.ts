import type { RequestHandler, Router } from 'express';

/** One address of the site, and what may be sent to it. */
type Route = {
  /** The pattern in the code. Example: "/students/:id". */
  path: string;
  /** In capitals. */
  methods: ReadonlySet<string>;
};

/** The route of a path, for any method; undefined if the site has no such address. */
export type FindRoute = (path: string) => Route | undefined;

/** Lists the routes of the pages. Their paths are strings in which only whole segments are variable. */
export function routeTable(routers: readonly Router[]): FindRoute {
  const methodsByPath = new Map<string, Set<string>>();
  for (const { path, method } of routers.flatMap(routesOf)) {
    const methods = methodsByPath.get(path) ?? new Set();
    methodsByPath.set(path, methods.add(method));
    // Express answers HEAD by the handler of GET.
    if (method === 'GET') methods.add('HEAD');
  }
  const table = [...methodsByPath].map(([path, methods]) => ({ path, methods, pattern: patternOf(path) }));
  return (sought) => table.find(({ pattern }) => pattern.test(sought));
}

function routesOf(router: Router): { path: string; method: string }[] {
  return router.stack.flatMap(({ route, handle }) => {
    if (route !== undefined)
      return route.stack.map(({ method }) => ({ path: route.path, method: method.toUpperCase() }));
    return isRouter(handle) ? routesOf(handle) : [];
  });
}

function isRouter(handle: RequestHandler | Router): handle is Router {
  return 'stack' in handle;
}

/** Matches as Express does: in any case, with or without a slash at the end. */
function patternOf(path: string): RegExp {
  const segments = path.replace(/\/$/, '').replaceAll(/:\w+/g, '[^/]+');
  return new RegExp(`^${segments}/?$`, 'i');
}
