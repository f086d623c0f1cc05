import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenAt } from '../../environment/listen';
import type { Readiness } from './readiness';

/** A slower scraper or probe is disconnected. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface HttpServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** What the pages show. */
export interface Pages {
  readonly metrics: {
    text(): Promise<string>;
    /** The same for a process that sums those of several. */
    json(): Promise<unknown>;
    readonly contentType: string;
  };
  readonly readiness: () => Promise<Readiness>;
}

export interface HttpOptions {
  /** HOST:PORT; port 0 takes a free one. */
  readonly listen: string;
  readonly metrics: Pick<Pages['metrics'], 'text' | 'contentType'>;
  readonly readiness: Pages['readiness'];
}

type Answer = { status: number; type: string; body: string };

/**
 * Serves `/metrics`, `/livez` and `/readyz`: numbers and states only, no subject. Throws `ListenFailed` if the server
 * cannot listen.
 */
export async function serveHttp({ listen, metrics, readiness }: HttpOptions): Promise<HttpServer> {
  const pages: Record<string, () => Promise<Answer>> = {
    '/metrics': async () => ({ status: 200, type: metrics.contentType, body: await metrics.text() }),
    // Any answer shows that the event loop runs.
    '/livez': async () => json(200, { live: true }),
    '/readyz': async () => {
      const answer = await readiness();
      return json(answer.ready ? 200 : 503, answer);
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, type, body } = await answerTo(request);
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  async function answerTo({ method = '', url = '' }: IncomingMessage): Promise<Answer> {
    const page = pages[url.split('?')[0] ?? ''];
    if (page === undefined) return text(404, 'Here are /metrics, /livez and /readyz.\n');
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'GET only.\n');
    return page().catch((error: unknown) => text(500, `${String(error)}\n`));
  }

  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, answer);
  const port = await listenAt(server, { variable: 'QUOTA_HTTP_LISTEN', listen });
  return { port, stop: () => stop(server) };
}

function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

function text(status: number, body: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
