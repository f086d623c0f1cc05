import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';

/** A daemon on the same machine answers in far less. */
const ANSWER_BOUND_MS = 2_000;

const HealthClient = makeGenericClientConstructor(service, 'Health');

/** Whether the daemon at `host:port` says, by grpc.health.v1, that it is SERVING. */
export function isServing(target: string): Promise<boolean> {
  const client = new HealthClient(target, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = service.Check ?? raise();
  const deadline = Date.now() + ANSWER_BOUND_MS;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { service: '' },
      { deadline },
      (_, answer) => {
        client.close();
        resolve(isStatus(answer) && answer.status === 'SERVING');
      },
    );
  });
}

/** Whether a web server at `host:port` answers, and not with a failure of its own. */
export async function isAnswering(target: string): Promise<boolean> {
  try {
    const { status } = await fetch(`http://${target}/`, { signal: AbortSignal.timeout(ANSWER_BOUND_MS) });
    return status < 500;
  } catch {
    return false;
  }
}

function isStatus(answer: unknown): answer is { status: string } {
  return typeof answer === 'object' && answer !== null && 'status' in answer;
}

function raise(): never {
  throw new Error('grpc-health-check defines no Check');
}
