import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DEFAULT_ADDRESSES } from '../../../environment/default_addresses';
import { parseAddress } from '../../../environment/listen';

const read = (file: string) => readFileSync(join(__dirname, '../../..', file), 'utf8');

test.each([
  ['QUOTA_LISTEN', DEFAULT_ADDRESSES.quota],
  ['QUOTA_HTTP_LISTEN', DEFAULT_ADDRESSES.quotaHttp],
  ['QUOTA_TARGET', DEFAULT_ADDRESSES.quota],
  ['WEB_LISTEN', DEFAULT_ADDRESSES.web],
  ['WEB_METRICS_LISTEN', DEFAULT_ADDRESSES.webMetrics],
])('default addresses: %s, .env.example says %s too', (variable, address) => {
  expect(read('.env.example').split('\n')).toContain(`#${variable}=${address}`);
});

test.each([
  ['QUOTA_LISTEN', DEFAULT_ADDRESSES.quota],
  ['WEB_LISTEN', DEFAULT_ADDRESSES.web],
])('default addresses: the image listens on the same port for %s', (variable, address) => {
  const port = parseAddress(address)?.port;
  expect(read('Dockerfile')).toContain(`ENV ${variable}=0.0.0.0:${port}\n`);
  expect(read('Dockerfile')).toContain(`EXPOSE ${port}\n`);
});
