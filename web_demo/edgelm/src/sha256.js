// @ts-check
/** SHA-256 (FIPS 180-4): the platform's, or one in plain JavaScript, as a page without HTTPS has none. */

const WORDS = 64;

/** The first bits of the fractional parts of the roots of the first primes: square roots, then cube roots. */
function constants() {
  const fraction = (/** @type {number} */ root) => Math.floor((root - Math.floor(root)) * 2 ** 32) | 0;
  /** @type {number[]} */
  const primes = [];
  for (let n = 2; primes.length < WORDS; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return {
    initial: primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))),
    rounds: Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime))),
  };
}

/** @type {(word: number, bits: number) => number} */
const rotate = (word, bits) => (word >>> bits) | (word << (32 - bits));

/**
 * The message with a one bit, zeros and its length in bits behind it: whole blocks of 64 bytes.
 *
 * @param {Uint8Array} bytes
 * @returns {DataView}
 */
function padded(bytes) {
  const blocks = Math.ceil((bytes.length + 9) / 64);
  const message = new Uint8Array(blocks * 64);
  message.set(bytes);
  message[bytes.length] = 0x80;
  const view = new DataView(message.buffer);
  view.setUint32(message.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(message.length - 4, (bytes.length * 8) >>> 0);
  return view;
}

/**
 * SHA-256 in plain JavaScript, about a twentieth as fast as the platform's.
 *
 * @param {Uint8Array} bytes
 * @returns {string} in hexadecimal
 */
export function sha256Fallback(bytes) {
  const { initial, rounds } = constants();
  const view = padded(bytes);
  const state = Int32Array.from(initial);
  const words = new Int32Array(WORDS);
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(block + 4 * i);
    for (let i = 16; i < WORDS; i++) {
      const a = words[i - 15];
      const b = words[i - 2];
      const small0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
      const small1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
      words[i] = words[i - 16] + small0 + words[i - 7] + small1;
    }
    mix(state, words, rounds);
  }
  return hexadecimal(new Uint32Array(state.buffer), 8);
}

/**
 * @param {Int32Array} state which it changes
 * @param {Int32Array} words
 * @param {Int32Array} rounds
 */
function mix(state, words, rounds) {
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < WORDS; i++) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choice + rounds[i] + words[i]) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] += word));
}

/**
 * @param {Iterable<number>} numbers
 * @param {number} digits of each
 * @returns {string}
 */
function hexadecimal(numbers, digits) {
  return Array.from(numbers, (number) => number.toString(16).padStart(digits, "0")).join("");
}

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<string>} in hexadecimal
 */
export async function sha256(bytes) {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) return sha256Fallback(bytes);
  return hexadecimal(new Uint8Array(await subtle.digest("SHA-256", /** @type {BufferSource} */ (bytes))), 2);
}
