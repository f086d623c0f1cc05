import type { ChildProcess } from 'node:child_process';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';

/** Stops a process between two steps. */
export type Moment =
  /** The command has left the process, and has not come to the server. */
  | 'sent'
  /** The server has run it, and the process does not know. */
  | 'run'
  /** The reply waits in the socket of the process. */
  | 'answered';

/** The step to stop at: the n-th command with this text, from 1. */
export interface Step {
  readonly command: string;
  readonly nth: number;
  readonly moment: Moment;
}

/** Stands between a process and its server, and stops the process at a command. */
export interface SteppingProxy {
  readonly port: number;
  /** What has been sent so far, as latin1, the last 64 KiB. */
  sent(): string;
  /** Stops the process with SIGSTOP at a step. Resolves once it is stopped there. */
  stopAt(step: Step, victim: ChildProcess): Promise<void>;
  /** Passes on what was held back, and goes on passing everything. */
  release(): void;
  close(): Promise<void>;
}

interface Armed extends Step {
  readonly victim: ChildProcess;
  readonly stopped: () => void;
}

const KEPT_CHARACTERS = 64 * 1024;

export async function startSteppingProxy(target: { host: string; port: number }): Promise<SteppingProxy> {
  const sockets = new Set<Socket>();
  let armed: Armed | undefined;
  let seenCount = 0;
  let held: (() => void)[] = [];
  let sent = '';

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  }

  function stop({ victim, stopped }: Armed): void {
    armed = undefined;
    victim.kill('SIGSTOP');
    stopped();
  }

  /** Whether the text is the command that is waited for. */
  function isMet(text: string): boolean {
    if (armed === undefined || !text.includes(armed.command)) return false;
    seenCount += 1;
    return seenCount === armed.nth;
  }

  const server = createServer((near) => {
    const far = dial(target);
    for (const socket of [near, far]) keep(socket);
    let replyOf: Armed | undefined;
    near.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      sent = (sent + text).slice(-KEPT_CHARACTERS);
      const met = isMet(text) ? armed : undefined;
      if (met?.moment === 'sent') {
        near.pause();
        held.push(() => {
          far.write(chunk);
          near.resume();
        });
        return stop(met);
      }
      replyOf = met ?? replyOf;
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      const met = replyOf;
      replyOf = undefined;
      if (met !== undefined) stop(met);
      if (met?.moment !== 'run') return void near.write(chunk);
      far.pause();
      held.push(() => {
        near.write(chunk);
        far.resume();
      });
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  return {
    port: (server.address() as AddressInfo).port,
    sent: () => sent,
    stopAt(step, victim) {
      seenCount = 0;
      return new Promise((stopped) => {
        armed = { ...step, victim, stopped };
      });
    },
    release() {
      for (const pass of held) pass();
      held = [];
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
