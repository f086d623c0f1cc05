import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';

const current = new AsyncLocalStorage<string>();

/**
 * Keeps the id of a request for all that is done to answer it. To be used late: a middleware that answers from
 * another connection's callback could otherwise lose it.
 */
export const keepRequestId: RequestHandler = (req, _res, next) => {
  current.run(String(req.id), next);
};

/** The id of the request that is being answered; undefined where none is. */
export function currentRequestId(): string | undefined {
  return current.getStore();
}
