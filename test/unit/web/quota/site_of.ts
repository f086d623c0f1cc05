import { pino } from 'pino';
import { createSiteClient, type QuotaClient } from '../../../../web/quota/client';
import { closers, type Methods, serve } from '../../client/fake_daemon';

/** The site's client of a daemon that has these methods. */
export async function siteOf(methods: Methods): Promise<QuotaClient> {
  const { port } = await serve(methods);
  const client = createSiteClient({ target: `127.0.0.1:${port}`, logger: pino({ level: 'silent' }) });
  closers.push(client.close);
  return client;
}
