// The least that a page costs: Express, one route, a constant text of the size of the home page.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { answerQuestions } from '../processes/helper';

/** About what the home page has. */
const PAGE = `<!doctype html>\n<p>${'x'.repeat(6_000)}</p>`;

const app = express();
app.get('/', (_req, res) => void res.type('html').send(PAGE));
const server = app.listen(0, '127.0.0.1');
const listening = once(server, 'listening');

answerQuestions(async () => {
  await listening;
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
