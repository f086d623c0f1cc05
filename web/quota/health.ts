import type { Client } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** A refused connection fails at once; a daemon on a busy machine takes its time. */
const DEADLINE_MS = 10_000;

/** Whether the daemon says, by grpc.health.v1 and over the client's own connection, that it is SERVING. */
export function askIsServing(client: Client): Promise<boolean> {
  const method = service.Check;
  if (method === undefined) throw new Error('grpc-health-check defines no Check');
  const { path, requestSerialize, responseDeserialize } = method;
  const deadline = Date.now() + DEADLINE_MS;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service: '' },
      { deadline },
      (_, answer) => resolve(isStatus(answer) && answer.status === 'SERVING'),
    );
  });
}

function isStatus(answer: unknown): answer is { status: string } {
  return typeof answer === 'object' && answer !== null && 'status' in answer;
}
