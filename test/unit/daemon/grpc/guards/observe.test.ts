import {
  Metadata,
  type ServerInterceptingCallInterface,
  type ServerMethodDefinition,
  status,
} from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { guardRequests } from '../../../../../daemon/grpc/guards/guards';
import { observeRequests } from '../../../../../daemon/grpc/guards/observe';

const METHOD = { path: '/quota.v1.QuotaService/Admit', responseStream: false };

/** A call under observation, whose caller can leave, and the codes that were counted. */
function observe() {
  const counted: string[] = [];
  const interceptor = guardRequests([observeRequests({ answered: ({ code }) => counted.push(code) })]);
  let leave: () => void = () => undefined;
  const wire = {
    start(listener: { onCancel(): void }) {
      leave = () => listener.onCancel();
    },
    sendStatus: () => undefined,
  };
  const call = interceptor(
    METHOD as unknown as ServerMethodDefinition<unknown, unknown>,
    wire as unknown as ServerInterceptingCallInterface,
  );
  const handler = { onCancel: () => undefined };
  call.start(handler as unknown as Parameters<typeof call.start>[0]);
  const answer = () => call.sendStatus({ code: status.OK, details: '', metadata: new Metadata() });
  return { counted, answer, leave: () => leave() };
}

describe('observeRequests', () => {
  test('a call that is answered is counted once', () => {
    const { counted, answer } = observe();
    answer();

    expect(counted).toEqual(['OK']);
  });

  test('a call whose caller leaves after the answer is counted once and as answered', () => {
    const { counted, answer, leave } = observe();
    answer();
    leave();

    expect(counted).toEqual(['OK']);
  });

  test('a call whose caller left before the answer is counted once and as cancelled', () => {
    const { counted, answer, leave } = observe();
    leave();
    answer();

    expect(counted).toEqual(['CANCELLED']);
  });
});
