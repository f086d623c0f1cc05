import { parseRedisUrl, type RedisAddress } from '../../environment/redis/address';

/** What the test runner provides. A missing one is a fault of the run, never a reason to skip. */
export function provided(
  name: 'TEST_REDIS_URL' | 'REDIS_SERVER_PATH' | 'REDIS_CLI_PATH' | 'CHROMIUM_PATH',
): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`${name} is not set: run the tests with "npm test", which provides the servers`);
  return value;
}

/** What the suites run on: one server, unless `npm run test:stores` says otherwise. */
export function storeKind(): RedisAddress['kind'] {
  const address = parseRedisUrl(provided('TEST_REDIS_URL'));
  if (address === undefined) throw new Error('TEST_REDIS_URL is not the address of a store');
  return address.kind;
}
