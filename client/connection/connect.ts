import { type ChannelCredentials, credentials as grpcCredentials, type Interceptor } from '@grpc/grpc-js';
import { QuotaAdminServiceClient } from '../../gen/quota/v1/quota_admin_service';
import { QuotaServiceClient } from '../../gen/quota/v1/quota_service';
import { CHANNEL_OPTIONS } from './channel_options';
import { type AnsweredRequest, reportAnswered } from './report_answered';
import { sendToken } from './send_token';
import { listOf, toTarget } from './targets';

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

/** Both services, over one channel to all the daemons. */
export function connect(options: ConnectionOptions) {
  const target = toTarget(options.targets);
  const { channel, interceptors } = partsOf(options);
  const service = new QuotaServiceClient(target, channel, { ...CHANNEL_OPTIONS, interceptors });
  const shared = { channelOverride: service.getChannel(), interceptors };
  return { service, admin: new QuotaAdminServiceClient(target, channel, shared) };
}

/** A client of each daemon alone. */
export function connectToEach(options: ConnectionOptions): QuotaAdminServiceClient[] {
  const { channel, interceptors } = partsOf(options);
  return listOf(options.targets).map(
    (target) => new QuotaAdminServiceClient(target, channel, { ...CHANNEL_OPTIONS, interceptors }),
  );
}

function partsOf({ credentials, token, onAnswered }: ConnectionOptions) {
  const interceptors: Interceptor[] = [
    ...(onAnswered === undefined ? [] : [reportAnswered(onAnswered)]),
    ...(token === undefined ? [] : [sendToken(token)]),
  ];
  return { channel: credentials ?? grpcCredentials.createInsecure(), interceptors };
}
