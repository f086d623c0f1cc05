import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  type RateLimitServiceServer,
  RateLimitServiceService,
} from '../../../gen/envoy/service/ratelimit/v3/rls';
import { QuotaServiceService } from '../../../gen/quota/v1/quota_service';
import { answerQuestions } from '../processes/helper';

/** Serves QuotaService, and Envoy's if given, on a free port, with no interceptors, and reports its address to the bench. */
export function servePeer(
  implementation: UntypedServiceImplementation,
  envoy?: RateLimitServiceServer,
): void {
  const server = new Server();
  server.addService(QuotaServiceService, implementation);
  if (envoy !== undefined) server.addService(RateLimitServiceService, envoy);
  const port = new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  answerQuestions(async () => `127.0.0.1:${await port}`);
}
