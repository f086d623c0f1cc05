import { AdmitRequest, QuotaServiceService } from '../../../gen/quota/v1/quota_service';
import { createRandom } from '../../../scripts/demo/random';
import { createZipf } from '../simulation/zipf';
import { callFrames, requestHeaders } from './frames';
import type { OpenOrder, Skew } from './orders';

/** The places of each call's own digits: the end of its subject and of its request id. */
const DIGITS = '000000000000';
const REQUEST_ID = `00000000-0000-4000-8000-${DIGITS}`;

/** Makes the frames of the n-th call: one message for all, in which only digits change. */
export function admitFrames(order: OpenOrder): (number: number) => Buffer {
  const { target, deadlineMs, subjectPrefix, skew } = order;
  const nextUser = skew && zipfOf(skew);
  const subject = `${subjectPrefix}${DIGITS}`;
  const request = { subject, policy: 'connection', requestId: REQUEST_ID, cost: undefined };
  const message = Buffer.from(AdmitRequest.encode(request).finish());
  const { path } = QuotaServiceService.admit;
  const headers = requestHeaders({ path, authority: target, timeoutMs: deadlineMs });
  const pattern = callFrames({ headers, message });
  const subjectAt = pattern.indexOf(subject) + subjectPrefix.length;
  const idAt = pattern.indexOf(REQUEST_ID) + REQUEST_ID.length - DIGITS.length;
  return (number) => {
    const frames = Buffer.from(pattern);
    const digits = digitsOf(number);
    frames.write(nextUser ? digitsOf(nextUser()) : digits, subjectAt, 'latin1');
    frames.write(digits, idAt, 'latin1');
    return frames;
  };
}

function digitsOf(number: number): string {
  return String(number).padStart(DIGITS.length, '0');
}

function zipfOf({ users, exponent, seed }: Skew): () => number {
  return createZipf({ count: users, exponent }, createRandom(seed));
}
