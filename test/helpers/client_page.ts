import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import type { Browser, Page } from 'playwright-core';
import { loadAssets } from '../../web/assets';

const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'";

type Reply = (req: IncomingMessage, res: ServerResponse) => void;

/** One page with the site's script from the build, and a clock that stands still until the test moves it. */
export interface ClientPage {
  readonly page: Page;
  /** What was asked for besides the page itself, in order. Example: "POST /send" */
  readonly asked: readonly string[];
  /** What went wrong in the browser: errors, and what the content security policy forbids. */
  readonly faults: readonly string[];
  close(): Promise<void>;
}

const notFound: Reply = (_req, res) => res.writeHead(404).end();

/** `reply` answers each request of the page. */
export async function openClientPage(
  browser: Browser,
  { body, language = 'en', reply = notFound }: { body: string; language?: string; reply?: Reply },
): Promise<ClientPage> {
  const assets = loadAssets(join(__dirname, '../../dist/web'));
  const asked: string[] = [];
  const app = express();
  app.use(assets.serve);
  app.get('/', (_req, res) => {
    const script = `<script defer src="${assets.url('site.js')}"></script>`;
    const head = `<head><title>Test</title>${script}</head>`;
    res.set('Content-Security-Policy', POLICY);
    res.send(`<!doctype html><html lang="${language}">${head}<body>${body}</body></html>`);
  });
  app.use((req, res) => {
    asked.push(`${req.method} ${req.url}`);
    reply(req, res);
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const page = await browser.newPage();
  const faults = collectFaults(page);
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const close = async () => {
    await page.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { page, asked, faults, close };
}

function collectFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  return faults;
}
