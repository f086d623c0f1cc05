import { createServer, type RequestListener, type Server } from 'node:http';

/** A form of 8 kilobytes arrives within this time over the slowest line in use. */
const LIMITS = { headersMs: 10_000, requestMs: 20_000, checkMs: 1_000 };

export type ReceivingLimits = typeof LIMITS;

/**
 * The server of the site: a request whose headers or body come too slowly is answered 408, and its connection is closed, so
 * that nobody can hold connections open for nothing.
 */
export function createSiteServer(site: RequestListener, limits: ReceivingLimits = LIMITS): Server {
  const { headersMs, requestMs, checkMs } = limits;
  return createServer(
    { headersTimeout: headersMs, requestTimeout: requestMs, connectionsCheckingInterval: checkMs },
    site,
  );
}
