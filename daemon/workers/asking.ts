import type { Worker } from 'node:cluster';
import { within } from '../../environment/within';
import type { Pages } from '../telemetry/http';

/** What the primary asks of a worker. */
export type Question = 'metrics' | 'readiness';

/** A worker that is busy or stopped has this long to answer. */
const ANSWER_BOUND_MS = 1000;

interface Asked {
  readonly quotaQuestion: Question;
  readonly id: number;
}

interface Answered {
  readonly quotaAnswer: unknown;
  readonly id: number;
}

let lastId = 0;

/** Asks a worker; undefined if it does not answer in time or is gone. */
export async function askWorker(worker: Worker, question: Question): Promise<unknown> {
  lastId += 1;
  const asked: Asked = { quotaQuestion: question, id: lastId };
  let receive: (message: unknown) => void = () => undefined;
  const answer = new Promise<unknown>((resolve) => {
    receive = (message) => {
      if (isAnswer(message) && message.id === asked.id) resolve(message.quotaAnswer);
    };
  });
  worker.on('message', receive);
  // The callback takes the error of a worker that has just died.
  worker.send(asked, () => undefined);
  try {
    return await within(answer, { limitMs: ANSWER_BOUND_MS, late: undefined });
  } finally {
    worker.off('message', receive);
  }
}

/** Answers the primary from a worker, which has no pages of its own. */
export async function answerPrimary({ metrics, readiness }: Pages) {
  const answers: Readonly<Record<Question, () => Promise<unknown>>> = { metrics: metrics.json, readiness };
  process.on('message', async (message: unknown) => {
    if (!isQuestion(message)) return;
    const answered: Answered = { quotaAnswer: await answers[message.quotaQuestion](), id: message.id };
    if (process.connected) process.send?.(answered, undefined, undefined, () => undefined);
  });
  return { port: undefined, stop: async () => undefined };
}

function isQuestion(message: unknown): message is Asked {
  return typeof message === 'object' && message !== null && 'quotaQuestion' in message;
}

function isAnswer(message: unknown): message is Answered {
  return typeof message === 'object' && message !== null && 'quotaAnswer' in message;
}
