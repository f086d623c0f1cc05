import { describe, expect, test } from '@jest/globals';
import { isTracingWanted, tracingFaults } from '../../../../environment/tracing/start';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' };

describe('isTracingWanted', () => {
  test.each([
    ENDPOINT,
    { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:4318/v1/traces' },
    { OTEL_TRACES_EXPORTER: 'console' },
  ])('%j is on', (env) => {
    expect(isTracingWanted(env)).toBe(true);
  });

  test.each([
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
    { OTEL_SERVICE_NAME: 'quota' },
    { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' },
    { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' },
  ])('%j is off', (env) => {
    expect(isTracingWanted(env)).toBe(false);
  });
});

describe('tracingFaults', () => {
  test.each([{}, ENDPOINT, { ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }])(
    '%j is none',
    (env) => {
      expect(tracingFaults(env)).toEqual([]);
    },
  );

  test.each([
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'OTEL_TRACES_EXPORTER'],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
  ])('%j is a fault that names the variable', (env, variable) => {
    expect(tracingFaults(env)).toEqual([expect.stringContaining(variable)]);
  });
});
