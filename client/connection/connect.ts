import { type ChannelCredentials, credentials as grpcCredentials, type Interceptor } from '@grpc/grpc-js';
import { QuotaAdminServiceClient } from '../../gen/quota/v1/quota_admin_service';
import { QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { CHANNEL_OPTIONS } from './channel_options';
import { type AnsweredRequest, reportAnswered } from './report_answered';
import { sendToken } from './send_token';
import { toTarget } from './targets';

export type ConnectionOptions = {
  /**
   * The daemons, as HOST:PORT. A name with several addresses is all of them; a single target may be anything that gRPC
   * resolves, `unix:PATH` for example. With TLS, all must prove the name of the first.
   */
  targets: string | readonly string[];
  /** How to connect. Plaintext unless given. */
  credentials?: ChannelCredentials | undefined;
  /** The bearer token, asked for at each request. */
  token?: (() => string) | undefined;
  /** Called once for each request to the daemons, with its status. */
  onAnswered?: ((request: AnsweredRequest) => void) | undefined;
};

export type Connection = {
  service: QuotaServiceClient;
  admin: QuotaAdminServiceClient;
  /** Aborted once the channel is closed. */
  closed: AbortSignal;
  close(): void;
};

/** Both services, over one channel to all the daemons. */
export function connect({ targets, credentials, token, onAnswered }: ConnectionOptions): Connection {
  const target = toTarget(targets);
  const channel = credentials ?? grpcCredentials.createInsecure();
  const interceptors: Interceptor[] = [
    ...(onAnswered === undefined ? [] : [reportAnswered(onAnswered)]),
    ...(token === undefined ? [] : [sendToken(token)]),
  ];
  const service = new QuotaServiceClient(target, channel, { ...CHANNEL_OPTIONS, interceptors });
  const shared = { channelOverride: service.getChannel(), interceptors };
  const closing = new AbortController();
  return {
    service,
    admin: new QuotaAdminServiceClient(target, channel, shared),
    closed: closing.signal,
    close() {
      closing.abort();
      service.close();
    },
  };
}
