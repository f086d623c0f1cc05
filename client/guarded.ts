/**
 * What a function of the application returns, or `otherwise` if it throws: a fault in it must not end the process, or leave
 * a request unanswered. The error becomes a warning of the process.
 */
export function guarded<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
    return otherwise;
  }
}
