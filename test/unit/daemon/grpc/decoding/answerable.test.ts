import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { createAnswerable, Unreadable } from '../../../../../daemon/grpc/decoding/answerable';
import type { FieldFault } from '../../../../../daemon/quota/errors';
import { QuotaAdminServiceService } from '../../../../../gen/quota/v1/quota_admin_service';
import { QuotaServiceService } from '../../../../../gen/quota/v1/quota_service';

const answerable = createAnswerable();
const quota = answerable(QuotaServiceService);
const admin = answerable(QuotaAdminServiceService);

type Method = ServiceDefinition<UntypedServiceImplementation>[string];

/** What is wrong with a request of these bytes; nothing if it can be read. */
function faultsOf({ requestDeserialize }: Method, hex: string): readonly FieldFault[] {
  const request: unknown = requestDeserialize(Buffer.from(hex, 'hex'));
  return request instanceof Unreadable ? request.faults : [];
}

/** The largest number of 64 bits, as a varint. */
const MAX_INT64 = 'ffffffffffffffff7f';

/** -1 in 32 bits, as a varint. */
const MINUS_ONE = 'ffffffffffffffffff01';

describe('createAnswerable', () => {
  test('a limit above 2^53 is blamed on the limit', () => {
    expect(faultsOf(admin.setOverride, `20${MAX_INT64}`)).toEqual([
      { field: 'limit', description: 'must be 9007199254740991 or less in size; it is 9223372036854775807' },
    ]);
  });

  test('two fields above 2^53 are both blamed', () => {
    const faults = faultsOf(admin.setOverride, `20${MAX_INT64}2a0a08${MAX_INT64}`);

    expect(faults.map(({ field }) => field)).toEqual(['limit', 'expire_time']);
  });

  test.each([
    ['call_time', quota.recordCall, '22'],
    ['top_window', quota.stats, '1a'],
    ['expire_time', admin.setOverride, '2a'],
  ])('a %s above 2^53 is blamed as a whole', (field, method, tag) => {
    expect(faultsOf(method, `${tag}0a08${MAX_INT64}`)).toEqual([{ field, description: 'is out of range' }]);
  });

  test.each([
    ['call_time', quota.recordCall, '22'],
    ['expire_time', admin.setOverride, '2a'],
  ])('a %s whose nanos are out of range is rejected', (field, method, tag) => {
    const [secondOfNanos, negative] = [`${tag}061080 94ebdc03`, `${tag}0b10${MINUS_ONE}`].map((hex) =>
      faultsOf(method, hex.replace(' ', '')),
    );

    expect(secondOfNanos).toEqual([
      { field, description: 'must have nanos of 0 to 999999999; it has 1000000000' },
    ]);
    expect(negative).toEqual([{ field, description: 'must have nanos of 0 to 999999999; it has -1' }]);
  });

  test('a moment with the most nanos that there may be is read', () => {
    expect(faultsOf(quota.recordCall, '220610ff93ebdc03')).toEqual([]);
  });

  test('bytes that are no message are blamed on the request', () => {
    expect(faultsOf(quota.admit, '0aff')).toEqual([
      { field: 'request', description: 'is not a readable message of this method' },
    ]);
  });
});
