import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler } from 'express';

const current = new AsyncLocalStorage<string>();

/**
 * Keeps the id of a request for all the work of answering it. Install it late: a middleware that answers from
 * another connection's callback could otherwise lose it.
 */
export const keepRequestId: RequestHandler = (req, _res, next) => {
  current.run(String(req.id), next);
};

/** The id of the current request; undefined if there is none. */
export function currentRequestId(): string | undefined {
  return current.getStore();
}
