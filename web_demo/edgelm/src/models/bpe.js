// @ts-check
import { damaged, unsupported } from "../errors.js";
import { field, optional } from "../json.js";
import { Word } from "../pieces.js";
import { LARGEST_ID, Merges, Symbols } from "./merges.js";
import { Model, vocabularyOf } from "./model.js";
import { codeAt, widthOf } from "../unicode.js";

/** @typedef {import("../json.js").JsonObject} JsonObject */

const WHERE = "BPE";

/**
 * The two sides of a merge, which is a list of both or, in older files, one string with a space between.
 *
 * @param {unknown} merge
 * @returns {[string, string]}
 */
function sidesOf(merge) {
  const sides = typeof merge === "string" ? merge.split(" ") : merge;
  if (!Array.isArray(sides) || sides.length !== 2 || !sides.every((side) => typeof side === "string")) {
    throw damaged(`A merge of ${WHERE} is no pair of tokens: ${JSON.stringify(merge)}.`);
  }
  return [sides[0], sides[1]];
}

/** @type {(code: number) => number} */
const byteCount = (code) => (code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);

/** Byte-pair encoding (Sennrich et al. 2016), of bytes or of characters. */
export class BPE extends Model {
  /** @param {JsonObject} setting */
  constructor(setting) {
    super(vocabularyOf(setting, WHERE));
    if (optional(setting, "dropout", "number", WHERE, 0) !== 0) throw unsupported("BPE with dropout");
    this.unknown = optional(setting, "unk_token", "string", WHERE, null);
    this.prefix = optional(setting, "continuing_subword_prefix", "string", WHERE, "");
    this.suffix = optional(setting, "end_of_word_suffix", "string", WHERE, "");
    this.fusesUnknown = optional(setting, "fuse_unk", "boolean", WHERE, false);
    this.hasBytes = optional(setting, "byte_fallback", "boolean", WHERE, false);
    this.ignoresMerges = optional(setting, "ignore_merges", "boolean", WHERE, false);
    if (this.hasBytes && (this.prefix || this.suffix)) throw unsupported("BPE of bytes with a prefix or suffix");
    this.merges = this.readMerges(field(setting, "merges", "array", WHERE));
  }

  /**
   * @param {unknown[]} settings
   * @returns {Merges}
   */
  readMerges(settings) {
    const merges = new Merges(settings.length);
    for (const setting of settings) {
      if (typeof setting === "string" && setting.startsWith("#version")) continue;
      const [left, right] = sidesOf(setting);
      const ids = [left, right, left + right.slice(this.prefix.length)].map((token) => {
        const id = this.ids.get(token);
        if (id === undefined || id > LARGEST_ID)
          throw damaged(`${WHERE} merges ${JSON.stringify(token)}, which is no token.`);
        return id;
      });
      merges.add(ids[0], ids[1], ids[2]);
    }
    return merges;
  }

  /**
   * @override
   * @param {string} text
   * @returns {Word}
   */
  cut(text) {
    const whole = this.ignoresMerges ? this.ids.get(text) : undefined;
    const word = new Word();
    if (whole !== undefined) {
      word.add(whole, text, 0, text.length);
      return word;
    }
    const { symbols, isExact } = this.symbolsOf(text);
    const merged = symbols.length > 1 ? this.merges.apply(symbols) : symbols;
    const ends = isExact ? null : byteEnds(text);
    for (let i = 0, unit = 0, byte = 0; i < merged.length; i++) {
      const token = /** @type {string} */ (this.tokenOf(merged.ids[i]));
      if (ends === null) word.add(merged.ids[i], token, unit, unit + merged.units[i]);
      else word.add(merged.ids[i], token, ends.starts[byte], ends.ends[byte + merged.bytes[i] - 1]);
      unit += merged.units[i];
      byte += merged.bytes[i];
    }
    return word;
  }

  /**
   * A word's characters as tokens, their bytes where they are none, else unknown. Where there is no unknown token they
   * are left out, and all that follows counts from further left: `isExact` is false then, as it is of single bytes.
   *
   * @param {string} text
   * @returns {{symbols: Symbols, isExact: boolean}}
   */
  symbolsOf(text) {
    const symbols = new Symbols(text.length * (this.hasBytes ? 3 : 1));
    let isExact = true;
    let unknownUnits = 0;
    let unknownBytes = 0;
    const flush = () => {
      if (unknownBytes > 0) symbols.add(this.unknownId(), unknownUnits, unknownBytes);
      unknownUnits = unknownBytes = 0;
    };
    for (let i = 0; i < text.length;) {
      const code = codeAt(text, i);
      const units = widthOf(code);
      const character = text.slice(i, i + units);
      const id = this.ids.get((i > 0 ? this.prefix : "") + character + (i + units === text.length ? this.suffix : ""));
      i += units;
      if (id !== undefined) {
        flush();
        symbols.add(id, units, byteCount(code));
        continue;
      }
      const bytes = this.hasBytes ? this.byteIds(character) : null;
      if (bytes !== null) {
        // An unknown character before it comes behind its bytes; `tokenizers` does the same.
        for (const byte of bytes) symbols.add(byte, 0, 1);
        isExact = false;
      } else if (this.unknown === null) {
        isExact = false;
      } else {
        if (!this.fusesUnknown) flush();
        unknownUnits += units;
        unknownBytes += byteCount(code);
      }
    }
    flush();
    return { symbols, isExact };
  }

  /** @returns {number} */
  unknownId() {
    const id = this.ids.get(/** @type {string} */ (this.unknown));
    if (id === undefined) throw unsupported(`a vocabulary without its unknown token ${this.unknown}`);
    return id;
  }

  /**
   * The ids of a character's bytes; null unless all of them are tokens.
   *
   * @param {string} character
   * @returns {number[] | null}
   */
  byteIds(character) {
    const ids = Array.from(new TextEncoder().encode(character), (byte) => this.ids.get(byteToken(byte)));
    return ids.includes(undefined) ? null : /** @type {number[]} */ (ids);
  }
}

/**
 * The token of a byte where a vocabulary has tokens for bytes.
 *
 * @param {number} byte
 * @returns {string}
 */
export const byteToken = (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;

/**
 * For each byte of a text where its character begins and ends, in units.
 *
 * @param {string} text
 * @returns {{starts: number[], ends: number[]}}
 */
function byteEnds(text) {
  /** @type {number[]} */
  const starts = [];
  /** @type {number[]} */
  const ends = [];
  for (let i = 0; i < text.length;) {
    const code = codeAt(text, i);
    const end = i + widthOf(code);
    for (let count = byteCount(code); count > 0; count--) {
      starts.push(i);
      ends.push(end);
    }
    i = end;
  }
  return { starts, ends };
}
