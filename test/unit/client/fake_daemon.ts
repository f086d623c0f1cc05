import { Metadata, Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import { afterEach, expect } from '@jest/globals';
import { QuotaUnavailable } from '../../../client/answers/unavailable';
import { createQuotaClient, type QuotaClient, type QuotaClientOptions } from '../../../client/quota_client';
import {
  type QuotaAdminServiceServer,
  QuotaAdminServiceService,
} from '../../../gen/quota/v1/quota_admin_service';
import {
  type AdmitResponse,
  Decision,
  type QuotaServiceServer,
  QuotaServiceService,
} from '../../../gen/quota/v1/quota_service';

/** The methods of both services that a test asks. */
export type Methods = Partial<QuotaServiceServer & QuotaAdminServiceServer>;

/** What is closed after each test. */
export const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A client of a daemon that has these methods. */
export async function clientOf(
  methods: Methods,
  options: Omit<QuotaClientOptions, 'targets'> = {},
): Promise<QuotaClient> {
  const { port } = await serve(methods);
  return clientTo(`127.0.0.1:${port}`, options);
}

/** A client, closed after the test. */
export function clientTo(
  targets: QuotaClientOptions['targets'],
  options: Omit<QuotaClientOptions, 'targets'> = {},
): QuotaClient {
  // Longer than the default of a second: a busy machine may stall.
  const client = createQuotaClient({ targets, deadlineMs: 30_000, ...options });
  closers.push(client.close);
  return client;
}

export async function serve(
  methods: Methods,
  { port: wanted = 0, credentials = ServerCredentials.createInsecure() } = {},
): Promise<{ server: Server; port: number }> {
  const server = new Server();
  server.addService(QuotaServiceService, methods as QuotaServiceServer);
  server.addService(QuotaAdminServiceService, methods as QuotaAdminServiceServer);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${wanted}`, credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  closers.push(() => server.forceShutdown());
  return { server, port };
}

/** The answer of a daemon whose policy admits without the store. */
export const ADMITTED_UNCOUNTED: AdmitResponse = {
  decision: Decision.ADMITTED,
  limits: [],
  retryDelay: undefined,
  degraded: true,
  isRepeat: false,
};

export function unavailable(details?: Buffer): ServiceError {
  const metadata = new Metadata();
  if (details) metadata.set('grpc-status-details-bin', details);
  return { name: 'e', message: 'the store is away', code: status.UNAVAILABLE, details: 'away', metadata };
}

/** Waits for the call to fail as every failure does. */
export async function failureOf(call: Promise<unknown>): Promise<QuotaUnavailable> {
  const failure = await call.then(
    () => undefined,
    (error) => error,
  );
  expect(failure).toBeInstanceOf(QuotaUnavailable);
  return failure;
}
