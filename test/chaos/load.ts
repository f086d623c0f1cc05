import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceError } from '@grpc/grpc-js';
import type { QuotaClient } from '../helpers/quota_client';
import { until } from '../helpers/wait';

const WORKERS = 8;

/** A caller's patience between two tries; short, so that many tries meet the fault. */
const RETRY_MS = 10;

/** Many callers that each go on with the same request id until they are answered, as the contract asks them to. */
export interface Load<T> {
  /** The answers so far, in the order they came. */
  readonly answers: readonly T[];
  /** The statuses of the tries that failed. */
  readonly failures: readonly number[];
  /** Waits until this many were answered. */
  answered(count: number): Promise<void>;
  /** Resolves once all were answered. */
  readonly done: Promise<void>;
  /** Begins no more; those that have begun go on until they are answered. */
  finish(): void;
  /** Lets nobody try again. */
  stop(): void;
}

export interface LoadOptions<T> {
  readonly count: number;
  /** Whom to ask; asked before every try. */
  readonly client: () => QuotaClient;
  readonly ask: (client: QuotaClient, requestId: string) => Promise<T>;
}

export function startLoad<T>({ count, client, ask }: LoadOptions<T>): Load<T> {
  const answers: T[] = [];
  const failures: number[] = [];
  let begun = 0;
  let isFinishing = false;
  let isStopped = false;

  async function untilAnswered(requestId: string): Promise<void> {
    while (!isStopped) {
      try {
        answers.push(await ask(client(), requestId));
        return;
      } catch (error) {
        failures.push((error as ServiceError).code);
        await pause(RETRY_MS);
      }
    }
  }

  async function work(): Promise<void> {
    while (begun < count && !isFinishing && !isStopped) {
      begun += 1;
      await untilAnswered(randomUUID());
    }
  }

  return {
    answers,
    failures,
    answered: (wanted) => until(`${wanted} answers`, () => answers.length >= wanted),
    done: Promise.all(Array.from({ length: WORKERS }, work)).then(() => undefined),
    finish() {
      isFinishing = true;
    },
    stop() {
      isStopped = true;
    },
  };
}
