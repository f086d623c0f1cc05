import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace-node';

/**
 * All that a span may report. What was sent, by whom and from which address is left out: an instrumentation may learn to
 * report more with any release, and an address is a subject of the login guard.
 */
const KEPT = new Set([
  'http.method',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'http.status_code',
  'rpc.grpc.status_code',
  'rpc.method',
  'rpc.service',
  'rpc.system',
  'server.address',
  'server.port',
  'db.namespace',
  'db.operation.name',
  'db.query.summary',
  'db.system.name',
  'error.type',
]);

/** The same processor, which gets to see only what is harmless: error messages hold values, so they go as well. */
export function harmless(processor: SpanProcessor): SpanProcessor {
  return {
    onStart: (span, context) => processor.onStart(span, context),
    onEnd(span) {
      strip(span);
      processor.onEnd(span);
    },
    forceFlush: () => processor.forceFlush(),
    shutdown: () => processor.shutdown(),
  };
}

function strip(span: ReadableSpan): void {
  for (const key of Object.keys(span.attributes)) if (!KEPT.has(key)) delete span.attributes[key];
  // Of a request that came in, it is what the caller wrote in a header.
  if (span.kind === SpanKind.SERVER) delete span.attributes['server.address'];
  span.events.length = 0;
  span.links.length = 0;
  delete span.status.message;
}
