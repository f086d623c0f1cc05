import { randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ID_BYTES, writeRequestId } from '../../../../daemon/quota/request_id';

const bytesOf = (requestId: string) => Buffer.from(requestId.replaceAll('-', ''), 'hex');

describe('writeRequestId', () => {
  test.each(['0123456a-bcde-4f01-9abc-def012345678', ...Array.from({ length: 20 }, () => randomUUID())])(
    '%s is written at the place given, in either case',
    (requestId) => {
      const bytes = Buffer.alloc(2 * ID_BYTES + 1, 7);
      writeRequestId(bytes, 1, requestId);
      writeRequestId(bytes, 1 + ID_BYTES, requestId.toUpperCase());

      expect(bytes).toEqual(Buffer.concat([Buffer.from([7]), bytesOf(requestId), bytesOf(requestId)]));
    },
  );
});
