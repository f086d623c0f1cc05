/** As gRPC throttles its own retries (gRFC A6): none once half of the tokens are gone. */
const MAX_TOKENS = 20;
const TOKENS_PER_SUCCESS = 0.5;

/** Keeps repeats from multiplying the load of daemons that fail. */
export type RetryBudget = { succeeded(): void; failed(): void; allowsRetry(): boolean };

export function createRetryBudget(): RetryBudget {
  let tokens = MAX_TOKENS;
  return {
    succeeded() {
      tokens = Math.min(MAX_TOKENS, tokens + TOKENS_PER_SUCCESS);
    },
    failed() {
      tokens = Math.max(0, tokens - 1);
    },
    allowsRetry: () => tokens > MAX_TOKENS / 2,
  };
}
