import { connect } from 'node:net';

/** Commands that Redis has run for its clients, as MONITOR prints them: those inside scripts are left out. */
export interface Monitor {
  readonly commands: readonly Buffer[][];
  stop(): void;
}

/** One argument: in quotes, with what is not printable escaped as in C. */
const ARGUMENT = /"((?:[^"\\]|\\.)*)"/g;

const ESCAPES: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, a: 7, b: 8, '\\': 92, '"': 34 };

/** Watches what Redis does from now on. On a busy Redis, ioredis's own form takes the first line for a reply. */
export async function startMonitor(port: number): Promise<Monitor> {
  const commands: Buffer[][] = [];
  const socket = connect({ host: '127.0.0.1', port });
  socket.setEncoding('latin1');
  socket.write('MONITOR\r\n');
  let rest = '';
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === '+OK') resolve();
        else if (!/^\+[\d.]+ \[\d+ lua\]/.test(line)) commands.push(argumentsIn(line));
      }
    });
  });
  return { commands, stop: () => socket.destroy() };
}

function argumentsIn(line: string): Buffer[] {
  return [...line.matchAll(ARGUMENT)].map(([, printed = '']) => bytesOfPrinted(printed));
}

/** The bytes of an argument as MONITOR prints it. */
export function bytesOfPrinted(text: string): Buffer {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const next = text[at + 1] ?? '';
    if (text[at] !== '\\') bytes.push(text.charCodeAt(at));
    else if (next === 'x') {
      bytes.push(Number.parseInt(text.slice(at + 2, at + 4), 16));
      at += 3;
    } else {
      bytes.push(ESCAPES[next] ?? next.charCodeAt(0));
      at += 1;
    }
  }
  return Buffer.from(bytes);
}
