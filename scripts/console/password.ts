import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { Refusal } from './refusal';

/** The first line of a text, without its end. */
export function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? '';
}

/** The password: asked twice at a terminal, without showing it; otherwise the first line of standard input. */
export function readPassword(): Promise<string> {
  return process.stdin.isTTY ? askTwice() : readAll().then(firstLine);
}

async function askTwice(): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  // From here until it is closed the terminal shows nothing of what is typed.
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // Ctrl-C and Ctrl-D end the questions without an answer.
  const closed = new Promise<never>((_, reject) => {
    lines.once('close', () => reject(new Refusal('Nothing was changed.')));
  });
  closed.catch(() => {});
  const ask = async (question: string) => {
    process.stderr.write(question);
    const answer = await Promise.race([lines.question(''), closed]);
    process.stderr.write('\n');
    return answer;
  };
  try {
    const password = await ask('Password: ');
    if ((await ask('Once more: ')) === password) return password;
    throw new Refusal('The two passwords differ. Nothing was changed.');
  } finally {
    lines.close();
  }
}

async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    // The rest, which may never end, is not ours.
    if (chunk.includes('\n')) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
