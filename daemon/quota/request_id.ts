/** The bytes of a request id: a UUID without its hyphens. */
export const ID_BYTES = 16;

const HYPHEN = 0x2d;
const NINE = 0x39;
const ZERO = 0x30;

/** What `a` has above ten, once it is in lower case. */
const TEN = 0x61 - 10;
const LOWER_CASE = 0x20;

/** Writes a UUID as its 16 bytes; `Buffer.write` needs a copy without hyphens first, and takes three times as long. */
export function writeRequestId(bytes: Uint8Array, first: number, requestId: string): void {
  let at = first;
  let high = -1;
  for (let index = 0; index < requestId.length; index += 1) {
    const code = requestId.charCodeAt(index);
    if (code === HYPHEN) continue;
    const digit = code <= NINE ? code - ZERO : (code | LOWER_CASE) - TEN;
    if (high < 0) {
      high = digit;
    } else {
      bytes[at++] = high * 16 + digit;
      high = -1;
    }
  }
}
