// @ts-check
/** Stretches of a normalized text, on their way from the whole text to words. */

import { parts } from "./patterns.js";

/** @typedef {import("./normalized.js").Normalized} Normalized */
/** @typedef {import("./patterns.js").Pattern} Pattern */
/** @typedef {"Removed" | "Isolated" | "MergedWithPrevious" | "MergedWithNext" | "Contiguous"} Behavior */

/** What a model makes of a text: its tokens, with their places in that text. */
export class Word {
  constructor() {
    /** @type {number[]} */
    this.ids = [];
    /** @type {string[]} */
    this.tokens = [];
    /** @type {number[]} units of the text */
    this.starts = [];
    /** @type {number[]} */
    this.ends = [];
  }

  /**
   * @param {number} id
   * @param {string} token
   * @param {number} start
   * @param {number} end
   */
  add(id, token, start, end) {
    this.ids.push(id);
    this.tokens.push(token);
    this.starts.push(start);
    this.ends.push(end);
  }
}

/** Some units of a normalized text; with a word it is an added token, which nothing splits any more. */
export class Piece {
  /**
   * @param {Normalized} source
   * @param {number} from
   * @param {number} to
   * @param {Word | null} [word]
   */
  constructor(source, from, to, word = null) {
    this.source = source;
    this.from = from;
    this.to = to;
    this.word = word;
  }

  /**
   * @param {Normalized} source
   * @returns {Piece}
   */
  static whole(source) {
    return new Piece(source, 0, source.text.length);
  }

  get text() {
    const { text } = this.source;
    return this.from === 0 && this.to === text.length ? text : text.slice(this.from, this.to);
  }

  /**
   * The piece as a text of its own.
   *
   * @returns {Normalized}
   */
  get normalized() {
    return this.source.slice(this.from, this.to);
  }
}

/** @typedef {{from: number, to: number}} Stretch */

/**
 * A stretch takes in the one before it where both of its conditions hold; else it stands for itself.
 *
 * @param {import("./patterns.js").Part[]} found
 * @param {(isMatch: boolean, wasMatch: boolean) => boolean} merges
 * @returns {Stretch[]}
 */
function merged(found, merges) {
  /** @type {Stretch[]} */
  const stretches = [];
  let wasMatch = false;
  for (const { from, to, isMatch } of found) {
    const last = stretches.at(-1);
    if (last !== undefined && merges(isMatch, wasMatch)) last.to = to;
    else stretches.push({ from, to });
    wasMatch = isMatch;
  }
  return stretches;
}

/** @type {Record<Behavior, (found: import("./patterns.js").Part[]) => Stretch[]>} */
const BEHAVIORS = {
  Removed: (found) => found.filter(({ isMatch }) => !isMatch),
  Isolated: (found) => found,
  MergedWithPrevious: (found) => merged(found, (isMatch, wasMatch) => isMatch && !wasMatch),
  Contiguous: (found) => merged(found, (isMatch, wasMatch) => isMatch === wasMatch),
  MergedWithNext: (found) => {
    // From behind, as the match before a stretch joins it, and of several matches only the last.
    const back = found.map(({ from, to, isMatch }) => ({ from: -to, to: -from, isMatch })).reverse();
    const stretches = merged(back, (isMatch, wasMatch) => isMatch && !wasMatch);
    return stretches.map(({ from, to }) => ({ from: -to, to: -from })).reverse();
  },
};

/** @param {string} name @returns {name is Behavior} */
export const isBehavior = (name) => Object.hasOwn(BEHAVIORS, name);

/**
 * @param {Piece} piece
 * @param {Pattern} pattern
 * @param {Behavior} behavior
 * @param {boolean} [inverted] what it does not match counts as matched
 * @returns {Piece[]}
 */
export function split(piece, pattern, behavior, inverted = false) {
  const { source, from: base, text } = piece;
  const found = parts(text, pattern);
  if (inverted) for (const part of found) part.isMatch = !part.isMatch;
  const stretches = BEHAVIORS[behavior](found);
  return stretches.map(({ from, to }) => new Piece(source, base + from, base + to));
}
