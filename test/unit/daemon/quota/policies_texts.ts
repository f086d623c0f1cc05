import { parsePolicies } from '../../../../daemon/quota/policies';

/** The faults of a file, as an operator reads them; none if it is right. */
export function faultsOf(text: string): string[] {
  try {
    parsePolicies(text);
    return [];
  } catch (error) {
    return String((error as Error).message).split('\n');
  }
}

/** A file with one limit, of which only what matters to the test is given. */
export function fileWith(
  limit: { algorithm?: string; limit?: unknown; window?: unknown; name?: string },
  { remember }: { remember?: unknown } = {},
): string {
  const whole = { name: 'tried', algorithm: 'token-bucket', limit: 10, window: '10m', ...limit };
  const limits = `policies:\n  tried:\n    limits:\n      - ${JSON.stringify(whole)}\n`;
  return remember === undefined ? limits : `${limits}    remember: ${JSON.stringify(remember)}\n`;
}
