import { createHash } from 'node:crypto';
import type { Limit } from '../../../daemon/quota/limits';
import type { Policy } from '../../../daemon/quota/policies';
import { type Ask, policyOf } from '../limit_store';

/** The windows outlast the test in real time, by which keys expire; the clock that is set moves as it likes. */
export const WINDOW_MS = 100_000;
export const WINDOW_US = WINDOW_MS * 1000;

export const window = (limit: number, more: Partial<Limit> = {}): Limit =>
  ({ name: 'w', algorithm: 'sliding-window', limit, windowMs: WINDOW_MS, ...more }) as Limit;
export const bucket = (limit: number, more: Partial<Limit> = {}): Limit =>
  ({ name: 'b', algorithm: 'token-bucket', limit, windowMs: WINDOW_MS, ...more }) as Limit;

/** The id of a request, by a name. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

export const ask = (policy: Policy, name: string, more: Partial<Ask> = {}): Ask => {
  return { policy, subject: 'ada', requestId: idOf(name), ...more };
};

export const mixed = policyOf([window(5), bucket(7), window(3, { name: 'tried', shadow: true })], {
  name: 'mixed',
});
export const windows = policyOf([window(4), window(3, { name: 'short', windowMs: WINDOW_MS / 4 })], {
  name: 'windows',
});
export const single = policyOf([window(3)], { name: 'single', rememberMs: WINDOW_MS });
export const buckets = policyOf([bucket(5), bucket(3, { name: 'small', windowMs: 70_000 })], {
  name: 'buckets',
});
export const shadows = policyOf([window(2, { shadow: true }), bucket(2, { shadow: true })], {
  name: 'shadows',
});
export const forgetful = policyOf([bucket(4)], { name: 'forgetful', rememberMs: 0 });
export const everyPolicy = [mixed, windows, single, buckets, shadows, forgetful];
