import { createQuotaClient, type QuotaClient } from '../helpers/quota_client';
import { createVisitor, type Visitor } from '../helpers/visitor';
import { secret, setting } from './docker';

export const TARGET = `127.0.0.1:${setting('QUOTA_PORT')}`;

/** An operator at the published port of the daemon. */
export function operatorClient(): QuotaClient {
  return createQuotaClient(TARGET, { token: secret('operator_token') });
}

/** Somebody with cookies of their own, at the published port of the web tier. */
export function newVisitor(): Visitor {
  return createVisitor(`http://127.0.0.1:${setting('WEB_PORT')}`);
}

/** The calls of a service, according to the statistics. */
export async function callCount(client: QuotaClient, name: 'vente' | 'achat'): Promise<number> {
  const { services } = await client.stats();
  return services.find(({ service }) => service === name)?.callCount ?? 0;
}
