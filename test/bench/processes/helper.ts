import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A process of the bench's own that answers questions, one at a time. It ends with the bench, however that ends. */
export interface Helper<Question, Answer> {
  readonly pid: number;
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/** What comes back from a helper. */
type Reply<Answer> = { answer: Answer } | { failure: string };

/** Starts a helper: the name of its compiled file, from this folder. */
export function startHelper<Question, Answer>(
  file: string,
  args: readonly string[] = [],
): Helper<Question, Answer> {
  const child = fork(join(__dirname, file), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Bytes stay bytes.
    serialization: 'advanced',
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file} could not be started`);
  return {
    pid,
    ask: (question) => ask(child, question),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

function ask<Question, Answer>(child: ChildProcess, question: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('a helper of the bench ended before it answered'));
    child.once('exit', onExit);
    child.once('message', (reply: Reply<Answer>) => {
      child.off('exit', onExit);
      if ('answer' in reply) resolve(reply.answer);
      else reject(new Error(reply.failure));
    });
    child.send(question as object);
  });
}

/** The other side: answers each question that comes, until the bench ends. */
export function answerQuestions<Question, Answer>(answer: (question: Question) => Promise<Answer>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (question: Question) => {
    answer(question).then(
      (done) => process.send?.({ answer: done }),
      (error: unknown) => process.send?.({ failure: error instanceof Error ? error.message : String(error) }),
    );
  });
}
