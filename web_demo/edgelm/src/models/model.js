// @ts-check
/** What the models of `tokenizer.json` share: a vocabulary, and a memory of the words they met. */

import { damaged } from "../errors.js";
import { field } from "../json.js";
import { Word } from "../pieces.js";

/** @typedef {import("../json.js").JsonObject} JsonObject */

const MOST_REMEMBERED = 20_000;
const LONGEST_REMEMBERED = 64;

/** A vocabulary and a way to cut a word into its tokens. */
export class Model {
  /** @param {Map<string, number>} ids by token */
  constructor(ids) {
    this.ids = ids;
    /** @type {Map<number, string> | null} by id, made when it is first needed */
    this.byId = null;
    /** @type {Map<string, Word>} */
    this.memory = new Map();
  }

  /** Entries of the vocabulary. */
  get size() {
    return this.ids.size;
  }

  /**
   * @param {string} token
   * @returns {number | undefined}
   */
  idOf(token) {
    return this.ids.get(token);
  }

  /**
   * @param {number} id
   * @returns {string | undefined}
   */
  tokenOf(id) {
    this.byId ??= new Map(Array.from(this.ids, ([token, number]) => [number, token]));
    return this.byId.get(id);
  }

  /**
   * The tokens of a word; the answer is kept, and must not be changed.
   *
   * @param {string} text not empty
   * @returns {Word}
   */
  tokenize(text) {
    if (text.length > LONGEST_REMEMBERED) return this.cut(text);
    let word = this.memory.get(text);
    if (word === undefined) {
      word = this.cut(text);
      if (this.memory.size >= MOST_REMEMBERED) this.memory.clear();
      this.memory.set(text, word);
    }
    return word;
  }

  /**
   * @param {string} text
   * @returns {Word}
   */
  cut(text) {
    const word = new Word();
    word.add(0, text, 0, text.length);
    return word;
  }
}

/**
 * The vocabulary of a model: ids by token.
 *
 * @param {JsonObject} setting
 * @param {string} where
 * @returns {Map<string, number>}
 */
export function vocabularyOf(setting, where) {
  const vocabulary = field(setting, "vocab", "object", where);
  /** @type {Map<string, number>} */
  const ids = new Map();
  for (const token of Object.keys(vocabulary)) {
    const id = vocabulary[token];
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0 || id > 0xffffffff) {
      throw damaged(`The vocabulary of ${where} gives ${JSON.stringify(token)} no id.`);
    }
    ids.set(token, id);
  }
  return ids;
}
