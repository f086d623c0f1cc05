import { tracingChannel } from 'node:diagnostics_channel';
import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** A database call, as its client reports it. */
interface DatabaseMessage extends Call {
  readonly error?: unknown;
}

interface Call {
  readonly command?: string;
  readonly query?: string;
  readonly database?: string | number;
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

/** A channel on which a database client reports its calls. */
export interface DatabaseChannel {
  readonly channel: string;
  /** The system's name in OpenTelemetry's words. */
  readonly system: 'mysql' | 'redis';
}

/** The first word and the table of a statement; a literal may stand before neither. */
const STATEMENT =
  /^\s*([a-z]+)(?:(?<=select)[^'"]*?\sfrom|(?<=insert|replace)\s+into|(?<=update)|(?<=delete)\s+from)\s+`?(\w+)/i;

/**
 * Makes a span of each call of a database that belongs to a trace. The clients of Redis and MySQL publish them
 * themselves, so nothing of theirs is patched; the instrumentations that patch would report keys and values too.
 */
export function traceChannel({ channel, system }: DatabaseChannel): void {
  const tracer = trace.getTracer('quota-databases');
  const spans = new WeakMap<object, Span>();

  function finish(message: object): void {
    const { error } = message as DatabaseMessage;
    const span = spans.get(message);
    if (error !== undefined) {
      span?.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', errorType(error));
    }
    span?.end();
    spans.delete(message);
  }

  tracingChannel(channel).subscribe({
    start(message) {
      if (trace.getActiveSpan() === undefined) return;
      const { name, attributes } = describe(message as Call, system);
      spans.set(message, tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }));
    },
    end(message) {
      // A call that threw at once has no further events.
      if ('error' in message) finish(message);
    },
    asyncStart: () => undefined,
    asyncEnd: finish,
    error: () => undefined,
  });
}

function describe(call: Call, system: string): { name: string; attributes: Attributes } {
  const name = system === 'redis' ? (call.command ?? '').toUpperCase() : summary(call.query ?? '');
  return {
    name,
    attributes: {
      'db.system.name': system,
      'db.namespace': String(call.database ?? ''),
      'db.operation.name': name.split(' ', 1)[0],
      ...(system === 'redis' ? {} : { 'db.query.summary': name }),
      'server.address': call.serverAddress,
      'server.port': call.serverPort,
    },
  };
}

/** `SELECT users`: the statement itself may hold values. */
export function summary(statement: string): string {
  const [, operation, table] = STATEMENT.exec(statement) ?? /^\s*([a-z]+)/i.exec(statement) ?? [];
  return [operation?.toUpperCase() ?? 'STATEMENT', ...(table === undefined ? [] : [table])].join(' ');
}

function errorType(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error ? String(error.code) : error.constructor.name;
}
