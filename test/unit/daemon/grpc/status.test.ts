import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { Status } from 'nice-grpc-error-details/lib/proto/google/rpc/status';
import { detailsTrailer, statusOf } from '../../../../daemon/grpc/status';
import {
  InvalidRequest,
  StoreUnavailable,
  UnknownPolicy,
  UnknownService,
} from '../../../../daemon/quota/errors';
import { readDetails } from './details';

const ADMIT = '/quota.v1.QuotaService/Admit';
const DOMAIN = 'quota.v1.QuotaService';

function trailerBytes(error: unknown): Buffer {
  const [bytes] = detailsTrailer(statusOf(error, ADMIT)).get('grpc-status-details-bin');
  if (!Buffer.isBuffer(bytes)) throw new Error('the trailer holds no bytes');
  return bytes;
}

describe('statusOf', () => {
  const faults = [
    { field: 'subject', description: 'must be 1 to 128 characters; it has 0' },
    { field: 'cost', description: 'must be 1 or more; it is 0' },
  ];

  test('an invalid request is INVALID_ARGUMENT with every bad field', () => {
    const error = new InvalidRequest(faults);

    expect(statusOf(error, ADMIT)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: 'subject must be 1 to 128 characters; it has 0; cost must be 1 or more; it is 0',
    });
    expect(readDetails(trailerBytes(error))).toMatchObject({
      BadRequest: { fieldViolations: faults },
      ErrorInfo: { reason: 'INVALID_REQUEST', domain: DOMAIN },
    });
  });

  test('an unknown policy is NOT_FOUND with its name', () => {
    const error = new UnknownPolicy('connexion');

    expect(statusOf(error, ADMIT)).toMatchObject({
      code: status.NOT_FOUND,
      message: 'no policy is named "connexion"',
    });
    expect(readDetails(trailerBytes(error))).toMatchObject({
      ErrorInfo: { reason: 'UNKNOWN_POLICY', domain: DOMAIN, metadata: { policy: 'connexion' } },
    });
  });

  test('an unknown service is NOT_FOUND with its name', () => {
    const error = new UnknownService('location');

    expect(statusOf(error, ADMIT)).toMatchObject({
      code: status.NOT_FOUND,
      message: 'no service is named "location"',
    });
    expect(readDetails(trailerBytes(error))).toMatchObject({
      ErrorInfo: { reason: 'UNKNOWN_SERVICE', domain: DOMAIN, metadata: { service: 'location' } },
    });
  });

  test('an unreachable store is UNAVAILABLE, with the time to retry and without the reason', () => {
    const error = new StoreUnavailable({ cause: new Error('connect ECONNREFUSED 10.0.0.7:6379') });

    expect(statusOf(error, ADMIT).code).toBe(status.UNAVAILABLE);
    expect(statusOf(error, ADMIT).message).toContain('request_id');
    expect(readDetails(trailerBytes(error))).toMatchObject({
      RetryInfo: { retryDelay: { seconds: 1, nanos: 0 } },
      ErrorInfo: { reason: 'STORE_UNAVAILABLE', domain: DOMAIN },
    });
    expect(trailerBytes(error).toString('latin1')).not.toContain('10.0.0.7');
  });

  test.each([
    ['QuotaService/Admit', true],
    ['QuotaService/BatchAdmit', true],
    ['QuotaService/RecordCall', true],
    ['QuotaService/Stats', false],
    ['QuotaAdminService/GetQuota', false],
  ])('a store out of reach for %s, a request id mentioned only if there is one', (method, isMentioned) => {
    const { message } = statusOf(new StoreUnavailable({ cause: undefined }), `/quota.v1.${method}`);

    expect(message.includes('request_id')).toBe(isMentioned);
  });

  test.each([
    ['an error', new TypeError('secret of /etc/shadow')],
    ['a text', 'secret'],
    ['nothing', undefined],
    ['an object like one of ours', { name: 'InvalidRequest', faults: [], message: 'secret' }],
    ['an error of gRPC', Object.assign(new Error('secret'), { code: status.OK, details: 'secret' })],
  ])('%s that nobody expected is INTERNAL, without a word of it', (_, error) => {
    expect(statusOf(error, ADMIT)).toMatchObject({ code: status.INTERNAL, message: 'internal error' });
    expect(readDetails(trailerBytes(error))).toMatchObject({
      ErrorInfo: { reason: 'INTERNAL', domain: DOMAIN },
    });
    expect(trailerBytes(error).toString('latin1')).not.toContain('secret');
  });
});

describe('detailsTrailer', () => {
  test('any status keeps its code and its message', () => {
    const { code, message } = Status.decode(trailerBytes(new UnknownPolicy('étude')));

    expect({ code, message }).toEqual({ code: status.NOT_FOUND, message: 'no policy is named "étude"' });
  });
});
