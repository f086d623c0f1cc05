import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';

/** Sends the token, as it is at that moment, with each request. Unlike call credentials it does so in plaintext too. */
export function sendToken(token: () => string): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token()}`);
        next(metadata, listener);
      },
    });
}
