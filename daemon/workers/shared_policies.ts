import type { Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { type Policies, PoliciesInvalid, parsePolicies } from '../quota/policies';

/** From a worker that starts: what policies are in force? */
interface Asked {
  readonly quotaPoliciesAsked: true;
}

/** From the primary: the policies in force, as the text of their file. */
interface Answered {
  readonly quotaPolicies: string;
}

/** The parts of a worker that are used. */
export type PolicyWorker = Pick<Worker, 'on' | 'once' | 'send'>;

/** Gives all workers the policies that their primary has read and checked. */
export interface PolicySharing {
  add(worker: PolicyWorker): void;
  /** Sends the policies to all, as others are in force. */
  changed(): void;
}

/** `text` is that of the policies in force. */
export function sharePolicies(text: () => string): PolicySharing {
  const workers = new Set<PolicyWorker>();

  function send(worker: PolicyWorker): void {
    const answered: Answered = { quotaPolicies: text() };
    // The callback takes the error of a worker that has just died.
    worker.send(answered, () => undefined);
  }

  return {
    add(worker) {
      workers.add(worker);
      worker.once('exit', () => workers.delete(worker));
      worker.on('message', (message: unknown) => {
        if (isAsked(message)) send(worker);
      });
    },
    changed() {
      for (const worker of workers) send(worker);
    },
  };
}

/** The channel that node:cluster gives a worker. */
export type PrimaryChannel = Pick<NodeJS.Process, 'on' | 'off' | 'send'>;

export interface ReceivingOptions {
  readonly channel?: PrimaryChannel;
  readonly logger: Logger;
  /** Called when other policies have come into force. */
  readonly onReload: () => void;
}

export interface ReceivedPolicies {
  current(): Policies;
  /** Stops following the primary. */
  stop(): void;
}

/** Asks the primary for the policies, and follows them. Throws `PoliciesInvalid` if those in force cannot be read here. */
export function receivePolicies({
  channel = process,
  logger,
  onReload,
}: ReceivingOptions): Promise<ReceivedPolicies> {
  return new Promise((resolve, reject) => {
    let known: { readonly text: string; readonly policies: Policies } | undefined;

    function take(text: string): void {
      const isFirst = known === undefined;
      // What was sent to all may be on its way to a worker that has just asked.
      if (known?.text === text) return;
      known = { text, policies: parsePolicies(text) };
      const { policies: first } = known;
      if (isFirst) resolve({ current: () => known?.policies ?? first, stop });
      else onReload();
    }

    function receive(message: unknown): void {
      if (!isAnswered(message)) return;
      try {
        take(message.quotaPolicies);
      } catch (error) {
        // Only a primary of another version accepts what this process does not.
        if (known === undefined) {
          reject(error);
          return;
        }
        const faults = error instanceof PoliciesInvalid ? error.faults : [String(error)];
        logger.error({ faults }, "the primary's policies cannot be read, the old ones stay");
      }
    }

    function stop(): void {
      channel.off('message', receive);
    }

    channel.on('message', receive);
    const asked: Asked = { quotaPoliciesAsked: true };
    channel.send?.(asked, undefined, undefined, () => undefined);
  });
}

function isAsked(message: unknown): message is Asked {
  return typeof message === 'object' && message !== null && 'quotaPoliciesAsked' in message;
}

function isAnswered(message: unknown): message is Answered {
  return typeof message === 'object' && message !== null && 'quotaPolicies' in message;
}
