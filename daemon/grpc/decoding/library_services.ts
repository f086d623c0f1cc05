import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type Server,
  type ServerErrorResponse,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { createAnswerable, Unreadable } from './answerable';

type Adding = Pick<Server, 'addService'>;
type Method = MethodDefinition<unknown, unknown>;

/**
 * Adds services of libraries. An unreadable request to them is answered with INVALID_ARGUMENT; gRPC's own answer is
 * INTERNAL, which blames the daemon and raises its alert.
 */
export function addingLibraryServices(server: Adding): Adding {
  const answerable = createAnswerable();
  return {
    addService(definition, handlers) {
      const methods = Object.values(definition) as Method[];
      const known = Object.entries(handlers).map(([name, handler]) => [
        name,
        refusing(
          handler,
          methods.find((method) => isNamed(method, name)),
        ),
      ]);
      server.addService(answerable(definition), Object.fromEntries(known));
    },
  };
}

/** A handler may be named by either name of its method. */
function isNamed({ path, originalName }: Method, name: string): boolean {
  return name === originalName || path.endsWith(`/${name}`);
}

function refusing(handler: UntypedHandleCall, method: Method | undefined): UntypedHandleCall {
  if (method?.requestStream) return refusingMessages(handler as handleBidiStreamingCall<unknown, unknown>);
  if (method?.responseStream) return refusingStream(handler as handleServerStreamingCall<unknown, unknown>);
  return refusingUnary(handler as handleUnaryCall<unknown, unknown>);
}

function refusingUnary(handler: handleUnaryCall<unknown, unknown>): UntypedHandleCall {
  const unary: handleUnaryCall<unknown, unknown> = (call, callback) => {
    if (call.request instanceof Unreadable) callback(UNREADABLE);
    else handler(call, callback);
  };
  return unary as UntypedHandleCall;
}

function refusingStream(handler: handleServerStreamingCall<unknown, unknown>): UntypedHandleCall {
  const stream: handleServerStreamingCall<unknown, unknown> = (call) => {
    if (call.request instanceof Unreadable) fail(call);
    else handler(call);
  };
  return stream as UntypedHandleCall;
}

function refusingMessages(handler: handleBidiStreamingCall<unknown, unknown>): UntypedHandleCall {
  const stream: handleBidiStreamingCall<unknown, unknown> = (call) => {
    const listen = call.on.bind(call);
    call.on = ((event: string, listener: (value: unknown) => void) => {
      if (event !== 'data') return listen(event, listener);
      return listen('data', (message: unknown) => {
        if (message instanceof Unreadable) fail(call);
        else listener(message);
      });
    }) as typeof call.on;
    handler(call);
  };
  return stream as UntypedHandleCall;
}

const UNREADABLE: ServerErrorResponse = {
  name: 'CallFailed',
  message: 'the request is not a readable message of this method',
  code: status.INVALID_ARGUMENT,
  details: 'the request is not a readable message of this method',
};

/** A server stream takes an error as its final status. */
function fail(call: { emit(event: 'error', error: ServerErrorResponse): boolean }): void {
  call.emit('error', UNREADABLE);
}
