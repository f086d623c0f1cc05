import type { Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { ConfigInvalid } from '../../environment/config_invalid';
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

/** A primary that is alive answers within this time, however busy the machine is. */
const ANSWER_BOUND_MS = 60_000;

/** The channel that node:cluster gives a worker. */
export type PrimaryChannel = Pick<NodeJS.Process, 'on' | 'off' | 'send'>;

export interface ReceivingOptions {
  readonly channel?: PrimaryChannel;
  readonly logger: Logger;
  /** Called when other policies have come into force. */
  readonly onReload: () => void;
  /** How long to wait for the first ones. */
  readonly limitMs?: number;
}

export interface ReceivedPolicies {
  current(): Policies;
  /** Stops following the primary. */
  stop(): void;
}

/**
 * Asks the primary for the policies, and follows them. Throws `ConfigInvalid` if those in force cannot be read here, or the primary
 * does not send them, as one of an older version.
 */
export function receivePolicies({
  channel = process,
  logger,
  onReload,
  limitMs = ANSWER_BOUND_MS,
}: ReceivingOptions): Promise<ReceivedPolicies> {
  return new Promise((resolve, reject) => {
    let known: { readonly text: string; readonly policies: Policies } | undefined;

    function take(text: string): void {
      const isFirst = known === undefined;
      // What was sent to all may be on its way to a worker that has just asked.
      if (known?.text === text) return;
      known = { text, policies: parsePolicies(text) };
      const { policies: first } = known;
      clearTimeout(waiting);
      if (isFirst) resolve({ current: () => known?.policies ?? first, stop });
      else onReload();
    }

    function fail(error: unknown): void {
      // Only a primary of another version accepts what this process does not.
      if (known === undefined) end(asConfigFault(error));
      else
        logger.error({ faults: faultsOf(error) }, "the primary's policies cannot be read, the old ones stay");
    }

    function receive(message: unknown): void {
      if (!isAnswered(message)) return;
      try {
        take(message.quotaPolicies);
      } catch (error) {
        fail(error);
      }
    }

    function stop(): void {
      clearTimeout(waiting);
      channel.off('message', receive);
    }

    function end(error: unknown): void {
      stop();
      reject(error);
    }

    const unanswered = () => end(new ConfigInvalid(['the primary did not send its policies']));
    const waiting = setTimeout(unanswered, limitMs);

    channel.on('message', receive);
    const asked: Asked = { quotaPoliciesAsked: true };
    channel.send?.(asked, undefined, undefined, () => undefined);
  });
}

function faultsOf(error: unknown): readonly unknown[] {
  return error instanceof PoliciesInvalid ? error.faults : [String(error)];
}

function asConfigFault(error: unknown): unknown {
  return error instanceof PoliciesInvalid ? new ConfigInvalid(error.message.split('\n')) : error;
}

function isAsked(message: unknown): message is Asked {
  return typeof message === 'object' && message !== null && 'quotaPoliciesAsked' in message;
}

function isAnswered(message: unknown): message is Answered {
  return typeof message === 'object' && message !== null && 'quotaPolicies' in message;
}
