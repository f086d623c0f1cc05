import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { within } from '../../environment/within';

/** A part that has not answered by then is not ready: a probe waits for its answer. */
const CHECK_BOUND_MS = 1_000;

/** The parts that the site needs, each with a check that resolves to whether it is ready. */
export type Parts = Record<string, () => Promise<boolean>>;

/**
 * Answers `/livez` and `/readyz` before the site sees them: they are no visits, so no session is looked up for them
 * and no line is logged.
 */
export function withProbes({ site, parts }: { site: RequestListener; parts: Parts }): RequestListener {
  return (req, res) => {
    const path = req.url?.split('?')[0];
    if (path === '/livez') send(req, res, { status: 200, body: { live: true } });
    else if (path === '/readyz') void sendReadiness(req, res, parts);
    else site(req, res);
  };
}

async function sendReadiness(req: IncomingMessage, res: ServerResponse, parts: Parts): Promise<void> {
  const asked = Object.entries(parts).map(async ([name, isReady]) => [name, await inTime(isReady)] as const);
  const answers = Object.fromEntries(await Promise.all(asked));
  const ready = Object.values(answers).every(Boolean);
  send(req, res, { status: ready ? 200 : 503, body: { ready, parts: answers } });
}

/** False as well if the check fails, or takes too long. */
function inTime(isReady: () => Promise<boolean>): Promise<boolean> {
  const answer = isReady().catch(() => false);
  return within(answer, { limitMs: CHECK_BOUND_MS, late: false });
}

function send(
  { method }: IncomingMessage,
  res: ServerResponse,
  { status, body }: { status: number; body: object },
) {
  res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  res.end(method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
}
