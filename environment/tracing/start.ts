import type * as Sdk from './sdk';

let stop: (() => Promise<void>) | undefined;

/** Ends the traces, if there are any: sends what is left. */
export async function stopTracing(): Promise<void> {
  await stop?.();
}

/**
 * Starts to trace this program if the environment names an exporter, by the variables that OpenTelemetry gives
 * them; otherwise nothing of it is loaded. To be called before anything that is to be traced is required.
 */
export function startTracing(traced: Sdk.Traced): void {
  const faults = tracingFaults(process.env);
  if (faults.length > 0) {
    // Here, and not with the rest of the configuration, as this comes before everything else.
    console.error(`${traced.service}: ${faults.join('\n')}`);
    process.exit(1);
  }
  if (!isTracingWanted(process.env)) return;
  const sdk = require('./sdk') as typeof Sdk;
  stop = sdk.startSdk(traced);
}

/** Whether the environment names an exporter of spans. */
export function isTracingWanted(env: NodeJS.ProcessEnv): boolean {
  if (env.OTEL_SDK_DISABLED === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return [
    env.OTEL_TRACES_EXPORTER,
    env.OTEL_EXPORTER_OTLP_ENDPOINT,
    env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT,
  ].some(Boolean);
}

/** Tracing settings that cannot be satisfied: the program then does not start, rather than run without traces. */
export function tracingFaults(env: NodeJS.ProcessEnv): string[] {
  const exporter = env.OTEL_TRACES_EXPORTER || 'otlp';
  const protocol = env.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || env.OTEL_EXPORTER_OTLP_PROTOCOL || 'http/json';
  const isKnown = ['otlp', 'console', 'none'].includes(exporter);
  return [
    ...(isKnown ? [] : ['OTEL_TRACES_EXPORTER must be otlp, console or none']),
    ...(protocol === 'http/json' || !isTracingWanted(env)
      ? []
      : ['OTEL_EXPORTER_OTLP_PROTOCOL must be http/json, which every collector takes on its HTTP port']),
  ];
}
