import { expect, test } from '@jest/globals';
import { bytesOfPrinted } from '../../../bench/redis/monitor';

test('bytesOfPrinted: gives the bytes that what MONITOR prints stands for', () => {
  expect(bytesOfPrinted(String.raw`a\x00\xff\n\r\t\a\b\\"é`.slice(0, -1))).toEqual(
    Buffer.from([0x61, 0, 0xff, 10, 13, 9, 7, 8, 0x5c, 0x22]),
  );
});
