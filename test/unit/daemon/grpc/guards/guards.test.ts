import { Metadata, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { guardRequests, type RequestGuard } from '../../../../../daemon/grpc/guards/guards';
import { QuotaServiceService } from '../../../../../gen/quota/v1/quota_service';

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** A call behind these guards: what its caller does, what the handler does, and what either of them hears. */
function callBehind(...guards: RequestGuard[]) {
  const heard: string[] = [];
  let fromCaller: Listener | undefined;
  const transport = {
    start(listener: Listener) {
      fromCaller = listener;
    },
    sendMetadata: () => heard.push('caller: metadata'),
    sendMessage: (message: unknown) => heard.push(`caller: ${message}`),
    sendStatus: ({ code }: { code?: status }) => heard.push(`caller: ${status[code ?? status.UNKNOWN]}`),
    startRead: () => heard.push('caller: read'),
  };
  const handler: Listener = {
    onReceiveMetadata: () => heard.push('handler: metadata'),
    onReceiveMessage: (message: unknown) => heard.push(`handler: ${message}`),
    onReceiveHalfClose: () => heard.push('handler: end'),
    onCancel: () => heard.push('handler: cancelled'),
  };
  const call = guardRequests(guards)(
    QuotaServiceService.admit as never,
    transport as unknown as ServerInterceptingCallInterface,
  );
  call.start(handler);
  return { call, heard, caller: () => fromCaller };
}

describe('guardRequests', () => {
  test('a request is watched by each guard on its way in and out', () => {
    const seen: string[] = [];
    const { call, heard, caller } = callBehind(() => ({
      onMetadata: () => seen.push('metadata') > 0,
      onMessage: (message) => void seen.push(String(message)),
      onEnd: (code) => void seen.push(String(status[code])),
    }));
    caller()?.onReceiveMetadata(new Metadata());
    caller()?.onReceiveMessage('request');
    caller()?.onReceiveHalfClose();
    call.sendMessage('answer', () => undefined);
    call.sendStatus({ code: status.OK, details: '' });

    expect(seen).toEqual(['metadata', 'request', 'OK']);
    expect(heard).toEqual([
      'handler: metadata',
      'handler: request',
      'handler: end',
      'caller: answer',
      'caller: OK',
    ]);
  });

  test('a guard that refuses the metadata, the handler hears nothing', () => {
    const { heard, caller } = callBehind(({ refuse }) => ({
      onMetadata() {
        refuse({ code: status.UNAUTHENTICATED, details: '' });
        return false;
      },
    }));
    caller()?.onReceiveMetadata(new Metadata());

    expect(heard).toEqual(['caller: UNAUTHENTICATED']);
  });

  test('a rejection at the beginning is answered without reading the request, and seen by the guards before it', () => {
    const seen: (status | undefined)[] = [];
    const { call, heard, caller } = callBehind(
      () => ({ onEnd: (code) => void seen.push(code) }),
      () => ({ refusal: { code: status.UNAVAILABLE, details: '' } }),
    );
    call.startRead();

    expect(heard).toEqual(['caller: UNAVAILABLE']);
    expect(seen).toEqual([status.UNAVAILABLE]);
    expect(caller()).toBeUndefined();
  });

  test('a request that was still on its way when its caller left is kept from the handler', () => {
    const { heard, caller } = callBehind();
    caller()?.onReceiveMetadata(new Metadata());
    caller()?.onCancel();
    caller()?.onReceiveMessage('request');
    caller()?.onReceiveHalfClose();

    expect(heard).toEqual(['handler: metadata', 'handler: cancelled']);
  });
});
