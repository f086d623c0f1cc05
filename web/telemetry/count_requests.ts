import type { Request, RequestHandler } from 'express';
import type { FindRoute } from '../routes';
import type { AnsweredRequest } from './metrics';

const NS_PER_S = 1e9;

/** Reports each request once, when its answer is complete or its sender has left. */
export function countRequests(
  findRoute: FindRoute,
  onAnswered: (request: AnsweredRequest) => void,
): RequestHandler {
  return (req, res, next) => {
    const begin = process.hrtime.bigint();
    const route = routeOf(req, findRoute);
    res.once('close', () => {
      const durationS = Number(process.hrtime.bigint() - begin) / NS_PER_S;
      // The duration of a stream only shows how long its reader stayed.
      const isStream = String(res.get('Content-Type')).startsWith('text/event-stream');
      onAnswered({
        method: req.method,
        route,
        code: res.statusCode,
        durationS: isStream ? undefined : durationS,
      });
    });
    next();
  };
}

/** Never what the sender wrote: all unknown addresses share one name. */
function routeOf({ path }: Request, findRoute: FindRoute): string {
  return path.startsWith('/assets/') ? '/assets' : (findRoute(path)?.path ?? 'other');
}
