import { Client } from '@grpc/grpc-js';
import { openQuotaCredentials } from '../../web/quota/credentials';
import { askIsServing } from '../../web/quota/health';
import { config } from '../settings/config';

/** A web tier on the same machine answers in far less, unless that machine is very busy. */
const ANSWER_BOUND_MS = 10_000;

/** The files are read anew at each question. */
const SILENT = { info: () => undefined, error: () => undefined };

/** Whether the daemon at `host:port` says, by grpc.health.v1, that it is SERVING. */
export async function isServing(target: string): Promise<boolean> {
  // Health is open to all, so the token stays at home.
  const credentials = openQuotaCredentials({ tls: config.quotaTls, tokenFile: undefined }, SILENT);
  const client = new Client(target, credentials.channel);
  try {
    return await askIsServing(client);
  } finally {
    client.close();
    credentials.close();
  }
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
