// @ts-check
/** A text as a model reads it. */

/** @typedef {[number, number]} Offsets start and end in the text, in UTF-16 code units, as JavaScript's strings count */

/** Tokens, each with all that is known of it; the lists are equally long. */
export class Encoding {
  constructor() {
    /** @type {number[]} */
    this.ids = [];
    /** @type {number[]} which of the model's token types */
    this.typeIds = [];
    /** @type {number[]} 1 for a token that stands for no text */
    this.specialTokensMask = [];
    /** @type {Offsets[]} [0, 0] for special tokens */
    this.offsets = [];
    /** @type {(number | null)[]} the number of its word in its text */
    this.wordIds = [];
    /** @type {(number | null)[]} 0 for the text, 1 for its pair */
    this.sequenceIds = [];
    /** @type {string[]} */
    this.tokens = [];
  }

  get length() {
    return this.ids.length;
  }

  /** @returns {number[]} 1 for each token: nothing is padded here */
  get attentionMask() {
    return new Array(this.ids.length).fill(1);
  }

  /**
   * Where a word of one of the texts begins and ends; null where it has no token.
   *
   * @param {number} word
   * @param {number} sequence
   * @returns {Offsets | null}
   */
  wordOffsets(word, sequence) {
    const first = this.wordIds.findIndex((id, place) => id === word && this.sequenceIds[place] === sequence);
    if (first < 0) return null;
    let last = first;
    while (this.wordIds[last + 1] === word && this.sequenceIds[last + 1] === sequence) last++;
    return [this.offsets[first][0], this.offsets[last][1]];
  }
}

/** Tokens of one text on their way into an encoding: with the stretches that belong to a text, by its number. */
export class Part {
  constructor() {
    /** @type {number[]} */
    this.ids = [];
    /** @type {number[]} */
    this.typeIds = [];
    /** @type {number[]} */
    this.special = [];
    /** @type {number[]} */
    this.starts = [];
    /** @type {number[]} */
    this.ends = [];
    /** @type {(number | null)[]} */
    this.words = [];
    /** @type {string[]} */
    this.tokens = [];
    /** @type {Map<number, [number, number]>} */
    this.sequences = new Map();
  }

  /**
   * @param {number} sequence
   * @returns {this} the same, all of it that text's
   */
  of(sequence) {
    this.sequences.set(sequence, [0, this.ids.length]);
    return this;
  }

  /**
   * @param {number} type
   * @returns {this}
   */
  typed(type) {
    this.typeIds = new Array(this.ids.length).fill(type);
    return this;
  }

  /**
   * Some of its tokens.
   *
   * @param {number} from
   * @param {number} to
   * @returns {Part}
   */
  slice(from, to) {
    const part = new Part();
    for (const name of COLUMNS) /** @type {any} */ (part)[name] = this[name].slice(from, to);
    return part;
  }

  /**
   * Another part's tokens behind its own.
   *
   * @param {Part} other
   */
  append(other) {
    const length = this.ids.length;
    for (const [sequence, [from, to]] of other.sequences) this.sequences.set(sequence, [length + from, length + to]);
    for (const name of COLUMNS) {
      const column = /** @type {unknown[]} */ (this[name]);
      for (const value of other[name]) column.push(value);
    }
  }

  /** @returns {Encoding} */
  finish() {
    const encoding = new Encoding();
    encoding.ids = this.ids;
    encoding.typeIds = this.typeIds;
    encoding.specialTokensMask = this.special;
    encoding.offsets = this.starts.map((start, i) => [start, this.ends[i]]);
    encoding.wordIds = this.words;
    encoding.sequenceIds = this.sequenceIds();
    encoding.tokens = this.tokens;
    return encoding;
  }

  /** @returns {(number | null)[]} */
  sequenceIds() {
    const { length } = this.ids;
    if (this.sequences.size === 0) return new Array(length).fill(0);
    const ids = new Array(length).fill(null);
    for (let sequence = 0; sequence < this.sequences.size; sequence++) {
      const [from, to] = this.sequences.get(sequence) ?? [0, length];
      ids.fill(sequence, from, to);
    }
    return ids;
  }
}

const COLUMNS = /** @type {const} */ (["ids", "typeIds", "special", "starts", "ends", "words", "tokens"]);

/**
 * A part of one special token or several.
 *
 * @param {number[]} ids
 * @param {string[]} tokens
 * @param {number} type
 * @returns {Part}
 */
export function specialPart(ids, tokens, type) {
  const part = new Part();
  const zeros = () => new Array(ids.length).fill(0);
  part.ids = ids;
  part.tokens = tokens;
  part.typeIds = new Array(ids.length).fill(type);
  part.special = new Array(ids.length).fill(1);
  part.starts = zeros();
  part.ends = zeros();
  part.words = new Array(ids.length).fill(null);
  return part;
}
