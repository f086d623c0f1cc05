import { makeGenericClientConstructor } from '@grpc/grpc-js';
import { service } from 'grpc-health-check';
import { openQuotaCredentials } from '../web/quota/credentials';
import { config } from './config';

/** A daemon on the same machine answers in far less. */
const ANSWER_BOUND_MS = 2_000;

/** The files are read anew at each question. */
const SILENT = { info: () => undefined, error: () => undefined };

const HealthClient = makeGenericClientConstructor(service, 'Health');

/** Whether the daemon at `host:port` says, by grpc.health.v1, that it is SERVING. */
export function isServing(target: string): Promise<boolean> {
  // Health is open to all, so the token stays at home.
  const credentials = openQuotaCredentials({ tls: config.quotaTls, tokenFile: undefined }, SILENT);
  const client = new HealthClient(target, credentials.channel);
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
        credentials.close();
        resolve(isStatus(answer) && answer.status === 'SERVING');
      },
    );
  });
}

/** Whether the web tier at `host:port` is ready, and so are the parts that it needs. */
export async function isAnswering(target: string): Promise<boolean> {
  try {
    const { status } = await fetch(`http://${target}/readyz`, {
      signal: AbortSignal.timeout(ANSWER_BOUND_MS),
    });
    return status === 200;
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
