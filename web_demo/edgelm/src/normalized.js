// @ts-check
/** A text on its way to tokens, which knows for each of its characters where in the original text it comes from. */

import { codeAt, widthOf } from "./unicode.js";
/** Text that is put together from characters, with the place in the original of each of its units. */
export class Builder {
  constructor() {
    // Plain lists: most texts are words, for which a typed array costs more than all that is done with it.
    /** @type {number[]} */
    this.units = [];
    /** @type {number[]} */
    this.starts = [];
    /** @type {number[]} */
    this.ends = [];
  }

  get length() {
    return this.units.length;
  }

  /**
   * @param {number} code a code point
   * @param {number} start of what it comes from, in the original
   * @param {number} end
   */
  add(code, start, end) {
    if (code <= 0xffff) {
      this.unit(code, start, end);
      return;
    }
    this.unit(0xd800 + ((code - 0x10000) >> 10), start, end);
    this.unit(0xdc00 + ((code - 0x10000) & 0x3ff), start, end);
  }

  /**
   * @param {number} unit of UTF-16
   * @param {number} start
   * @param {number} end
   */
  unit(unit, start, end) {
    this.units.push(unit);
    this.starts.push(start);
    this.ends.push(end);
  }

  /** @returns {Normalized} */
  finish() {
    return new Normalized(fromUnits(this.units), this.starts, this.ends);
  }
}

const CHUNK = 8192;

/**
 * @param {number[]} units
 * @returns {string}
 */
function fromUnits(units) {
  if (units.length <= CHUNK) return String.fromCharCode.apply(null, units);
  let text = "";
  for (let i = 0; i < units.length; i += CHUNK) text += String.fromCharCode.apply(null, units.slice(i, i + CHUNK));
  return text;
}

/**
 * Characters that take the place of a text's own, each with what it does to them: 0 replaces the next one, a positive
 * number inserts, and -n replaces the next one and removes the n behind it.
 */
export class Edits {
  constructor() {
    /** @type {number[]} */
    this.codes = [];
    /** @type {number[]} */
    this.changes = [];
  }

  /**
   * @param {number} code
   * @param {number} change
   */
  add(code, change) {
    this.codes.push(code);
    this.changes.push(change);
  }
}

/** A text, never changed, whose units know their places in the original. */
export class Normalized {
  /**
   * @param {string} text
   * @param {number[] | null} [starts] of each unit, in the original; null where the units are the original's own
   * @param {number[] | null} [ends]
   * @param {number} [base] where the text begins in the original, if the units are its own
   */
  constructor(text, starts = null, ends = null, base = 0) {
    this.text = text;
    this.starts = starts;
    this.ends = ends;
    this.base = base;
  }

  /**
   * Where the character at a unit begins in the original.
   *
   * @param {number} place
   * @returns {number}
   */
  start(place) {
    return this.starts === null ? this.base + place : this.starts[place];
  }

  /**
   * Where the character that ends before a unit ends in the original.
   *
   * @param {number} place at least 1
   * @returns {number}
   */
  end(place) {
    return this.ends === null ? this.base + place : this.ends[place - 1];
  }

  /**
   * @param {number} from
   * @param {number} to
   * @returns {Normalized}
   */
  slice(from, to) {
    if (from === 0 && to === this.text.length) return this;
    const text = this.text.slice(from, to);
    if (this.starts === null || this.ends === null) return new Normalized(text, null, null, this.base + from);
    return new Normalized(text, this.starts.slice(from, to), this.ends.slice(from, to));
  }

  /**
   * The same characters' places with another text of as many units for each character.
   *
   * @param {string} text
   * @returns {Normalized}
   */
  withText(text) {
    return new Normalized(text, this.starts, this.ends, this.base);
  }

  /**
   * A copy of some of its units at the end of a builder.
   *
   * @param {Builder} builder
   * @param {number} from
   * @param {number} to
   */
  copy(builder, from, to) {
    for (let i = from; i < to; i++) {
      const code = codeAt(this.text, i);
      const width = widthOf(code);
      builder.add(code, this.start(i), this.end(i + width));
      i += width - 1;
    }
  }

  /**
   * The text after edits, which begin behind its first `skipped` characters; those are gone.
   *
   * @param {Edits} edits
   * @param {number} [skipped]
   * @returns {Normalized}
   */
  edited({ codes, changes }, skipped = 0) {
    const { text } = this;
    const builder = new Builder();
    let place = 0;
    const advance = (/** @type {number} */ count) => {
      for (let i = 0; i < count && place < text.length; i++) {
        place += widthOf(codeAt(text, place));
      }
    };
    advance(skipped);
    const origin = this.start(0);
    for (let i = 0; i < codes.length; i++) {
      // What is inserted comes from where the character before it does.
      if (changes[i] > 0) {
        if (place === 0) builder.add(codes[i], origin, origin);
        else builder.add(codes[i], this.startBefore(place), this.end(place));
        continue;
      }
      const start = this.start(Math.min(place, text.length - 1));
      const here = place;
      advance(1);
      builder.add(codes[i], start, this.end(Math.max(place, here + 1)));
      advance(-changes[i]);
    }
    return builder.finish();
  }

  /**
   * Where the character that ends before a unit begins in the original.
   *
   * @param {number} place at least 1
   * @returns {number}
   */
  startBefore(place) {
    if (this.starts !== null) return this.starts[place - 1];
    const isPair = (this.text.charCodeAt(place - 1) & 0xfc00) === 0xdc00;
    return this.base + place - (isPair ? 2 : 1);
  }

  /**
   * The text with each of some matches replaced; what is put in comes from where the match's last character does.
   *
   * @param {[number, number][]} matches in order, none empty
   * @param {string} content
   * @returns {Normalized}
   */
  replaced(matches, content) {
    if (matches.length === 0) return this;
    const builder = new Builder();
    let last = 0;
    for (const [from, to] of matches) {
      this.copy(builder, last, from);
      for (const character of content) {
        builder.add(codeAt(character), this.startBefore(to), this.end(to));
      }
      last = to;
    }
    this.copy(builder, last, this.text.length);
    return builder.finish();
  }

  /**
   * The text without the characters in any of the sets that `removes` tells.
   *
   * @param {(code: number) => boolean} removes
   * @returns {Normalized}
   */
  filtered(removes) {
    const { text } = this;
    const builder = new Builder();
    for (let i = 0; i < text.length; i++) {
      const code = codeAt(text, i);
      const width = widthOf(code);
      if (!removes(code)) builder.add(code, this.start(i), this.end(i + width));
      i += width - 1;
    }
    return builder.finish();
  }

  /**
   * The text with other characters before it, which come from where its first one does; an empty one stays so.
   *
   * @param {string} content
   * @returns {Normalized}
   */
  prepended(content) {
    const { text } = this;
    if (text === "") return this;
    const width = widthOf(codeAt(text));
    const builder = new Builder();
    for (const character of content) {
      builder.add(codeAt(character), this.start(0), this.end(width));
    }
    this.copy(builder, 0, text.length);
    return builder.finish();
  }
}
