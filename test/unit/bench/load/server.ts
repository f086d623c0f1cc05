import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { AdmitResponse, type Decision, QuotaServiceService } from '../../../../gen/quota/v1/quota_service';

/** A server that a test loads. */
export interface LoadedServer {
  readonly target: string;
  stop(): void;
}

/** Serves some methods of QuotaService in this process, on a free port. */
export async function serve(implementation: UntypedServiceImplementation): Promise<LoadedServer> {
  const server = new Server();
  server.addService(QuotaServiceService, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { target: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}

export function responseOf(decision: Decision): AdmitResponse {
  // With every other field unset: the contract grows.
  return { ...AdmitResponse.decode(new Uint8Array()), decision };
}
