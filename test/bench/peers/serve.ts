import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { QuotaServiceService } from '../../../gen/quota/v1/quota_service';
import { answerQuestions } from '../processes/helper';

/** Serves QuotaService on a free port, with no interceptors, and answers the one question of the bench: where. */
export function servePeer(implementation: UntypedServiceImplementation): void {
  const server = new Server();
  server.addService(QuotaServiceService, implementation);
  const port = new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  answerQuestions(async () => `127.0.0.1:${await port}`);
}
