import type { Request, Response } from 'express';
import type { Admission } from '../../quota/client';
import { clockIn, formatDelay } from '../format';
import type { SendPage } from '../view';

type Refusal = {
  admission: Extract<Admission, { admitted: false }>;
  title: string;
  explanation: string;
  back: { href: string; text: string };
};

/** Sends the 429 page, which says when to come back. The headers are the caller's. */
export function sendRefused(sendPage: SendPage, req: Request, res: Response, refusal: Refusal): void {
  const { admission, title, explanation, back } = refusal;
  const delayMs = admission.retryDelayMs;
  const comeBack = delayMs === undefined ? undefined : { delay: formatDelay(delayMs), at: clockIn(delayMs) };
  sendPage(req, res, {
    view: 'errors/refused',
    title,
    status: 429,
    data: { explanation, comeBack, back },
  });
}
