/** What the test runner provides. A missing one is a fault of the run, never a reason to skip. */
export function provided(
  name: 'TEST_REDIS_URL' | 'REDIS_SERVER_PATH' | 'REDIS_CLI_PATH' | 'CHROMIUM_PATH',
): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: run the tests with "npm test", which provides the servers`);
  return value;
}
