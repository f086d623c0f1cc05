import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Metrics } from './metrics';

/** Only operators are served here, and none takes longer than this. */
const REQUEST_TIMEOUT_MS = 5_000;

type Source = Pick<Metrics, 'text' | 'contentType'>;

type Answer = { status: number; type: string; body: string };

/** Serves GET /metrics, without listening yet; never on the port of the site, as visitors must not see it. */
export function createMetricsServer(metrics: Source): Server {
  return createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, async (request, response) => {
    const { status, type, body } = await answerTo(request, metrics);
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : body);
  });
}

async function answerTo({ method = '', url = '' }: IncomingMessage, metrics: Source): Promise<Answer> {
  if (url.split('?')[0] !== '/metrics') return plain(404, 'Only /metrics is here.\n');
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'GET only.\n');
  try {
    return { status: 200, type: metrics.contentType, body: await metrics.text() };
  } catch (error) {
    return plain(500, `${String(error)}\n`);
  }
}

function plain(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}
