import type { Logger } from 'pino';

const INTERVAL_MS = 15 * 60 * 1_000;

type CleanUp = {
  work: () => Promise<unknown>;
  /** What a failure means, for the log. The next clean-up tries again. */
  failure: string;
  logger: Logger;
};

/** Repeats a clean-up of the database. Returns the function that ends it. */
export function cleanUpRegularly({ work, failure, logger }: CleanUp): () => void {
  const timer = setInterval(() => {
    work().catch((err: unknown) => logger.warn({ err }, failure));
  }, INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}
