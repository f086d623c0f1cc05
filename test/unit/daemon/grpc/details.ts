import { BadRequest, ErrorInfo, RetryInfo } from 'nice-grpc-error-details';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';

const CODECS = { BadRequest, ErrorInfo, RetryInfo };

/** The `google.rpc` details of a status, by the names of their types. */
export function readDetails(bytes: Uint8Array): Record<string, unknown> {
  const { details } = Status.decode(bytes);
  return Object.fromEntries(
    details.map(({ typeUrl, value }) => {
      const type = typeUrl.replace('type.googleapis.com/google.rpc.', '') as keyof typeof CODECS;
      return [type, CODECS[type].decode(value)];
    }),
  );
}
