// @ts-check
/** SentencePiece's own normalization: a trie of byte strings and what each becomes, as its models carry it. */

import { damaged } from "./errors.js";
import { clusterEnds } from "./graphemes.js";
import { Edits } from "./normalized.js";
import { codeAt } from "./unicode.js";

/** @typedef {import("./normalized.js").Normalized} Normalized */

const LONGEST_CLUSTER_BYTES = 5;
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * @param {string} text
 * @returns {Uint8Array}
 */
function base64Bytes(text) {
  const digits = text.replace(/={0,2}$/, "");
  if (text.length % 4 !== 0 || /[^A-Za-z0-9+/]/.test(digits)) throw damaged("The tokenizer's charsmap is no base64.");
  const values = new Uint8Array(128);
  for (let i = 0; i < BASE64.length; i++) values[BASE64.charCodeAt(i)] = i;
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let buffer = 0;
  for (let i = 0, at = 0, bits = 0; i < digits.length; i++) {
    buffer = ((buffer << 6) | values[digits.charCodeAt(i)]) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = buffer >> bits;
  }
  return bytes;
}

/** A compiled charsmap: `[size of the trie in bytes, uint32 little-endian][trie][replacements, each ended by 0]`. */
export class Charsmap {
  /** @param {string} base64 */
  constructor(base64) {
    const bytes = base64Bytes(base64);
    const view = new DataView(bytes.buffer);
    const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
    if (size < 0 || 4 + size > bytes.length) throw damaged("The tokenizer's charsmap is not whole.");
    this.trie = Uint32Array.from({ length: size >> 2 }, (_, i) => view.getUint32(4 + 4 * i, true));
    this.texts = bytes.subarray(4 + (size >> 2) * 4);
    this.encoder = new TextEncoder();
    /** @type {Map<string, number[] | null>} */
    this.known = new Map();
  }

  /**
   * What becomes of a cluster or a character, as code points: of the shortest of the trie's entries that it begins
   * with; null where there is none.
   *
   * @param {string} text
   * @returns {number[] | null}
   */
  replacement(text) {
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const found = this.look(this.encoder.encode(text));
    this.known.set(text, found);
    return found;
  }

  /**
   * @param {Uint8Array} key
   * @returns {number[] | null}
   */
  look(key) {
    const { trie } = this;
    let place = offset(trie[0]);
    for (const byte of key) {
      if (byte === 0) return null;
      place ^= byte;
      const unit = trie[place];
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null;
      place ^= offset(unit);
      if ((unit >>> 8) & 1) return this.textAt(trie[place] & 0x7fffffff);
    }
    return null;
  }

  /**
   * @param {number} start
   * @returns {number[]}
   */
  textAt(start) {
    const end = this.texts.indexOf(0, start);
    const bytes = this.texts.subarray(start, end < 0 ? this.texts.length : end);
    return Array.from(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), (c) => codeAt(c));
  }

  /**
   * A text normalized: whole clusters first, else each of their characters.
   *
   * @param {Normalized} normalized
   * @returns {Normalized}
   */
  normalize(normalized) {
    const { text } = normalized;
    const edits = new Edits();
    let isChanged = false;
    let from = 0;
    for (const to of clusterEnds(text)) {
      const cluster = text.slice(from, to);
      from = to;
      const whole = byteLength(cluster) <= LONGEST_CLUSTER_BYTES ? this.replacement(cluster) : null;
      for (const part of whole === null ? cluster : [cluster]) {
        const found = whole ?? this.replacement(part);
        if (found === null) edits.add(codeAt(part), 0);
        else replace(edits, characterCount(part), found);
        isChanged ||= found !== null;
      }
    }
    return isChanged ? normalized.edited(edits) : normalized;
  }
}

/**
 * Where a unit of the trie leads.
 *
 * @param {number} unit
 * @returns {number}
 */
function offset(unit) {
  return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
}

/**
 * Put in what some characters become. Of more than there were, the last are insertions; of fewer, the last takes the
 * surplus with it, and of none the one before does (`tokenizers` does the same).
 *
 * @param {Edits} edits
 * @param {number} oldCount
 * @param {number[]} codes
 */
function replace(edits, oldCount, codes) {
  for (let i = 0; i < codes.length; i++) edits.add(codes[i], i < oldCount ? 0 : 1);
  const last = edits.changes.length - 1;
  if (codes.length < oldCount && last >= 0) edits.changes[last] -= oldCount - codes.length;
}

/**
 * @param {string} text
 * @returns {number} bytes of UTF-8
 */
function byteLength(text) {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return bytes;
}

/**
 * @param {string} text
 * @returns {number} code points
 */
function characterCount(text) {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) !== 0xdc00) count++;
  return count;
}
