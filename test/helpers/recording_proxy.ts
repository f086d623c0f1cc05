import { Server, ServerCredentials, type ServiceError, status } from '@grpc/grpc-js';
import {
  QuotaServiceService,
  type RecordCallRequest,
  type RecordCallResponse,
} from '../../gen/quota/v1/quota_service';
import type { QuotaClient } from './quota_client';

/** Stands between a web tier and a daemon, and hands calls on to be recorded. */
export interface RecordingProxy {
  readonly target: string;
  /** The daemon that is asked from now on. */
  client: QuotaClient;
  /** True: what the daemon answers is kept from the web tier, which hears nothing. */
  isMute: boolean;
  /** Called with the number of each call, from 1 on, once it is on its way to the daemon. */
  onCall: (number: number) => void;
  close(): void;
}

export async function startRecordingProxy(client: QuotaClient): Promise<RecordingProxy> {
  const server = new Server();
  let calls = 0;

  async function forward(request: RecordCallRequest): Promise<RecordCallResponse> {
    calls += 1;
    const answer = proxy.client.recordCall(request);
    proxy.onCall(calls);
    return { recorded: await answer };
  }

  server.addService(QuotaServiceService, {
    recordCall({ request }: { request: RecordCallRequest }, answer: Answer) {
      forward(request).then(
        (response) => {
          if (!proxy.isMute) answer(null, response);
        },
        () => answer({ code: status.UNAVAILABLE, details: 'the daemon is away' }),
      );
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const proxy: RecordingProxy = {
    target: `127.0.0.1:${port}`,
    client,
    isMute: false,
    onCall: () => undefined,
    close: () => server.forceShutdown(),
  };
  return proxy;
}

type Answer = (error: Partial<ServiceError> | null, response?: RecordCallResponse) => void;
