// @ts-check
import { damaged, unsupported } from "../errors.js";
import { field, optional } from "../json.js";
import { Word } from "../pieces.js";
import { byteToken } from "./bpe.js";
import { Model } from "./model.js";
import { Trie } from "./trie.js";
import { codeAt, widthOf } from "../unicode.js";

/** @typedef {import("../json.js").JsonObject} JsonObject */

const WHERE = "Unigram";
/** How far below every token an unknown character lies. */
const UNKNOWN_PENALTY = 10;

/**
 * A score as `tokenizers` reads it from its digits: they are a whole number, divided by a power of ten. That is not
 * always the nearest float64, and of two ways to cut a word that are equally good the last digit decides.
 *
 * @param {number} value
 * @returns {number}
 */
export function readScore(value) {
  const [, sign, whole, fraction = "", exponent = "0"] = /** @type {RegExpExecArray} */ (
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value))
  );
  const power = Number(exponent) - fraction.length;
  const digits = Number(whole + fraction);
  const size = power < 0 ? divided(digits, -power) : digits * 10 ** power;
  return sign === "-" ? -size : size;
}

/**
 * @param {number} digits
 * @param {number} power
 * @returns {number}
 */
function divided(digits, power) {
  return power > 308 ? digits / 1e308 / Number(`1e${power - 308}`) : digits / Number(`1e${power}`);
}

/**
 * @param {JsonObject} setting
 * @returns {[string, number][]} tokens with their scores
 */
function entriesOf(setting) {
  return field(setting, "vocab", "array", WHERE).map((entry) => {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string" || !Number.isFinite(entry[1])) {
      throw damaged(`An entry of the vocabulary of ${WHERE} is no token with its score: ${JSON.stringify(entry)}.`);
    }
    return [entry[0], readScore(entry[1])];
  });
}

/** SentencePiece's unigram model (Kudo 2018): of all ways to cut a word the one with the largest sum of scores. */
export class Unigram extends Model {
  /** @param {JsonObject} setting */
  constructor(setting) {
    const entries = entriesOf(setting);
    super(new Map(entries.map(([token], id) => [token, id])));
    this.entries = entries;
    this.scores = Float64Array.from(entries, ([, score]) => score);
    this.unknownId = optional(setting, "unk_id", "integer", WHERE, null);
    if (this.unknownId !== null && this.unknownId >= entries.length) throw damaged(`${WHERE} has no token unk_id.`);
    this.hasBytes = optional(setting, "byte_fallback", "boolean", WHERE, false);
    this.unknownScore = this.scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
    this.trie = new Trie(this.ids);
  }

  /** @override */
  get size() {
    return this.entries.length;
  }

  /**
   * @override
   * @param {number} id
   */
  tokenOf(id) {
    return this.entries[id]?.[0];
  }

  /**
   * @override
   * @param {string} text
   * @returns {Word}
   */
  cut(text) {
    const word = new Word();
    for (const [from, to] of this.fused(this.bestPath(text), text.length)) {
      const token = text.slice(from, to);
      const id = this.ids.get(token);
      const bytes = id === undefined && this.hasBytes ? this.byteTokens(token) : null;
      if (id !== undefined) word.add(id, token, from, to);
      else if (bytes === null) word.add(this.unknown(), token, from, to);
      else for (const byte of bytes) word.add(/** @type {number} */ (this.ids.get(byte)), byte, from, to);
    }
    return word;
  }

  /**
   * The best way to each place of a text (Viterbi 1967): where its last token begins, and that token's id. Of equally
   * good ones the first counts.
   *
   * @param {string} text
   * @returns {{starts: Int32Array, ids: Int32Array}}
   */
  bestPath(text) {
    const { trie, scores } = this;
    const best = new Float64Array(text.length + 1);
    const starts = new Int32Array(text.length + 1).fill(-1);
    const ids = new Int32Array(text.length + 1);
    const offer = (
      /** @type {number} */ from,
      /** @type {number} */ to,
      /** @type {number} */ id,
      /** @type {number} */ score,
    ) => {
      const sum = score + best[from];
      if (starts[to] >= 0 && !(sum > best[to])) return;
      best[to] = sum;
      starts[to] = from;
      ids[to] = id;
    };
    for (let from = 0; from < text.length;) {
      const single = from + widthOf(codeAt(text, from));
      let isKnown = false;
      let node = 0;
      for (let to = from; to < text.length;) {
        node = trie.child(node, text.charCodeAt(to++));
        if (node < 0) break;
        const id = trie.values[node];
        if (id < 0) continue;
        offer(from, to, id, scores[id]);
        isKnown ||= to === single;
      }
      if (!isKnown) offer(from, single, this.unknown(), this.unknownScore);
      from = single;
    }
    return { starts, ids };
  }

  /**
   * The stretches of the best way, unknown ones side by side as one.
   *
   * @param {{starts: Int32Array, ids: Int32Array}} path
   * @param {number} length
   * @returns {[number, number][]}
   */
  fused({ starts, ids }, length) {
    /** @type {[number, number][]} */
    const stretches = [];
    let wasUnknown = false;
    for (let to = length; to > 0; to = starts[to]) {
      const isUnknown = ids[to] === this.unknownId;
      if (isUnknown && wasUnknown) stretches[stretches.length - 1][0] = starts[to];
      else stretches.push([starts[to], to]);
      wasUnknown = isUnknown;
    }
    return stretches.reverse();
  }

  /** @returns {number} */
  unknown() {
    if (this.unknownId === null) throw unsupported("a vocabulary without an unknown token");
    return this.unknownId;
  }

  /**
   * The tokens of a text's bytes; null unless the vocabulary has all of them.
   *
   * @param {string} text
   * @returns {string[] | null}
   */
  byteTokens(text) {
    const tokens = Array.from(new TextEncoder().encode(text), byteToken);
    return tokens.every((token) => this.ids.has(token)) ? tokens : null;
  }
}
