import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ConsoleSpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { type DatabaseChannel, traceChannel } from './channels';
import { harmless } from './harmless';

/** What is to be traced of a program, beside its gRPC. */
export interface Traced {
  /** The program's name, unless OTEL_SERVICE_NAME says another. */
  readonly service: string;
  /** The paths of HTTP requests that are not worth a trace; undefined if the program serves no HTTP to trace. */
  readonly untracedPaths?: readonly string[];
  /** The calls of databases, by the names of the channels on which their clients report them. */
  readonly databases: readonly DatabaseChannel[];
}

/** An export is abandoned after this time, retries included: an unreachable collector must not hold up a stop. */
const EXPORT_BOUND_MS = 2_000;

/** Probes come every few seconds, and would bury everything else. */
const UNTRACED_GRPC = [/^(grpc\.health\.v1\.Health\/)?(Check|Watch|List)$/];

/**
 * Starts the OpenTelemetry SDK; answers how to end it.
 * @public as far as knip can see: `start.ts` requires it if it is wanted.
 */
export function startSdk({ service, untracedPaths, databases }: Traced): () => Promise<void> {
  const exporter =
    process.env.OTEL_TRACES_EXPORTER === 'console'
      ? new SimpleSpanProcessor(new ConsoleSpanExporter())
      : new BatchSpanProcessor(new OTLPTraceExporter({ timeoutMillis: EXPORT_BOUND_MS }));
  const named = resourceFromAttributes({ 'service.name': service });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [harmless(exporter)],
  });
  provider.register();
  registerInstrumentations({
    instrumentations: [
      new GrpcInstrumentation({ ignoreGrpcMethods: UNTRACED_GRPC }),
      ...(untracedPaths === undefined ? [] : [httpInstrumentation(untracedPaths)]),
    ],
  });
  for (const database of databases) traceChannel(database);
  return () => provider.shutdown().catch(() => undefined);
}

function httpInstrumentation(untracedPaths: readonly string[]): HttpInstrumentation {
  return new HttpInstrumentation({
    disableOutgoingRequestInstrumentation: true,
    ignoreIncomingRequestHook: ({ url = '' }) => untracedPaths.includes(url.split('?')[0] ?? ''),
    applyCustomAttributesOnSpan(span, request) {
      const route = routeOf(request);
      if (route === undefined) return;
      span.setAttribute('http.route', route);
      span.updateName(`${request.method} ${route}`);
    },
  });
}

/** The route of Express that answered, as the code writes it: a path may hold anything that a visitor typed. */
function routeOf(request: object): string | undefined {
  const route = 'route' in request ? request.route : undefined;
  return typeof route === 'object' && route !== null && 'path' in route ? String(route.path) : undefined;
}
