import { describe, expect, test } from '@jest/globals';
import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { harmless } from '../../../../environment/tracing/harmless';

/** A span as it would be sent. */
function sent({ kind, attributes }: { kind: SpanKind; attributes: Attributes }) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [harmless(new SimpleSpanProcessor(exporter))],
  });
  const span = provider.getTracer('test').startSpan('a span', { kind, attributes });
  span.recordException(new Error("Duplicate entry 'ada@example.org'"));
  span.setStatus({ code: SpanStatusCode.ERROR, message: "Duplicate entry 'ada@example.org'" });
  span.end();
  const [only] = exporter.getFinishedSpans();
  if (only === undefined) throw new Error('no span was sent');
  return only;
}

describe('harmless', () => {
  test('what is known to be harmless stays', () => {
    const attributes = { 'rpc.method': 'Admit', 'server.address': 'redis', 'error.type': 'ECONNREFUSED' };
    expect(sent({ kind: SpanKind.CLIENT, attributes }).attributes).toEqual(attributes);
  });

  test('anything else goes: addresses, paths, statements and what a later release may add', () => {
    const attributes = {
      'client.address': '192.0.2.1',
      'url.path': '/ada@example.org',
      'user_agent.original': 'x',
      'db.query.text': "SELECT 'ada@example.org'",
      'made.up': true,
    };
    expect(sent({ kind: SpanKind.SERVER, attributes }).attributes).toEqual({});
  });

  test("the server's name in a request that came in goes: the caller wrote it", () => {
    const attributes = { 'server.address': 'ada.example.org', 'http.route': '/login' };
    expect(sent({ kind: SpanKind.SERVER, attributes }).attributes).toEqual({ 'http.route': '/login' });
  });

  test('the messages of errors, go; that there was one, stays', () => {
    const span = sent({ kind: SpanKind.CLIENT, attributes: {} });
    expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(span.events).toEqual([]);
  });
});
