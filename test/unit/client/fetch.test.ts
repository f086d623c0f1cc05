import { expect, test } from '@jest/globals';
import { withQuota } from '../../../client/fetch';
import { clientThat } from './guarded';

/** A response that only an upgrade of the connection has, so that nobody can make one. */
const upgraded = () => Object.defineProperty(new Response(null), 'status', { value: 101 });

test.each([
  ['an error of the network', Response.error()],
  ['an upgrade', upgraded()],
])('Fetch: %s, which nobody can make anew, is the handler’s own response', async (_case, response) => {
  const { client } = clientThat({});
  const guarded = withQuota({ client, policy: 'api', subject: () => '42' }, () => response);

  expect(await guarded(new Request('http://shop.example/'))).toBe(response);
});
