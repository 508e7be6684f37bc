// @ts-check
/** User-perceived characters: extended grapheme clusters of Unicode Standard Annex 29. */

import { codeAt, unicode } from "./unicode.js";

const CR = 1;
const LF = 2;
const CONTROL = 3;
const EXTEND = 4;
const ZWJ = 5;
const REGIONAL = 6;
const PREPEND = 7;
const SPACING_MARK = 8;
const L = 9;
const V = 10;
const T = 11;
const LV = 12;
const LVT = 13;
const PICTURE = 14;
const LINKER = 15;
const CONSONANT = 16;
const JOINING_EXTEND = 17;

/** @type {(kind: number) => boolean} */
const isBreaking = (kind) => kind === CR || kind === LF || kind === CONTROL;
/** @type {(kind: number) => boolean} */
const isExtending = (kind) => kind === EXTEND || kind === ZWJ || kind === LINKER || kind === JOINING_EXTEND;

/** What stands before a place of a text, as far as the rules look back. */
class Context {
  constructor() {
    this.kind = 0;
    /** Whether an odd number of regional indicators stand there. */
    this.isHalfFlag = false;
    /** Whether a picture with nothing but extending marks behind it stands there, before a joiner or not. */
    this.isPicture = false;
    /** 0, or 1 behind a consonant with extending marks, or 2 where one of them is a linker. */
    this.conjunct = 0;
  }

  /** @param {number} kind of the character that is passed */
  pass(kind) {
    this.isHalfFlag = kind === REGIONAL && !this.isHalfFlag;
    this.isPicture = kind === PICTURE || (this.isPicture && isExtending(kind) && this.kind !== ZWJ);
    if (kind === CONSONANT) this.conjunct = 1;
    else if (kind === LINKER && this.conjunct > 0) this.conjunct = 2;
    else if (kind !== JOINING_EXTEND && kind !== ZWJ) this.conjunct = 0;
    this.kind = kind;
  }

  /**
   * Whether no cluster ends before a character.
   *
   * @param {number} kind of that character
   * @returns {boolean}
   */
  joins(kind) {
    const before = this.kind;
    if (before === CR && kind === LF) return true;
    if (isBreaking(before) || isBreaking(kind)) return false;
    if (before === L && (kind === L || kind === V || kind === LV || kind === LVT)) return true;
    if ((before === LV || before === V) && (kind === V || kind === T)) return true;
    if ((before === LVT || before === T) && kind === T) return true;
    if (isExtending(kind) || kind === SPACING_MARK || before === PREPEND) return true;
    if (kind === CONSONANT && this.conjunct === 2) return true;
    if (before === ZWJ && kind === PICTURE && this.isPicture) return true;
    return kind === REGIONAL && this.isHalfFlag;
  }
}

/**
 * The units at which a text's clusters end, the last one its length.
 *
 * @param {string} text
 * @returns {number[]}
 */
export function clusterEnds(text) {
  const { grapheme } = unicode();
  const context = new Context();
  /** @type {number[]} */
  const ends = [];
  for (let i = 0; i < text.length; i++) {
    const code = codeAt(text, i);
    const kind = grapheme.get(code);
    if (i > 0 && !context.joins(kind)) ends.push(i);
    context.pass(kind);
    if (code > 0xffff) i++;
  }
  if (text.length > 0) ends.push(text.length);
  return ends;
}
