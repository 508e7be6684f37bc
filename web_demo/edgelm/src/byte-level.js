// @ts-check
/** GPT-2's alphabet of bytes: each byte as a visible character (Radford et al. 2019). */

/** @type {(byte: number) => boolean} */
const isVisible = (byte) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The code point of each byte: its own where that is visible, else one of those from 256 on. */
export const ENCODED = new Uint16Array(256);
/** @type {Map<number, number>} the byte of each of those code points */
export const DECODED = new Map();

for (let byte = 0, hidden = 256; byte < 256; byte++) {
  ENCODED[byte] = isVisible(byte) ? byte : hidden++;
  DECODED.set(ENCODED[byte], byte);
}
