// @ts-check
/** Unicode as Hugging Face's `tokenizers` knows it: the platform's own tables differ with its version. */

import { UNICODE_DATA } from "./unicode-data.js";

const PAGE_BITS = 8;
const PAGE = 1 << PAGE_BITS;
const PAGES = 0x110000 >> PAGE_BITS;

/** A number for every code point, kept by pages; a page whose code points are all the same is one number. */
class PageTable {
  constructor() {
    this.whole = new Uint32Array(PAGES);
    /** @type {(Uint32Array | null)[]} */
    this.pages = new Array(PAGES).fill(null);
  }

  /**
   * Put bits in for a range of code points.
   *
   * @param {number} first
   * @param {number} last inclusive
   * @param {number} bits
   */
  add(first, last, bits) {
    for (let page = first >> PAGE_BITS; page <= last >> PAGE_BITS; page++) {
      const start = Math.max(first - page * PAGE, 0);
      const end = Math.min(last - page * PAGE, PAGE - 1);
      if (this.pages[page] === null && start === 0 && end === PAGE - 1) {
        this.whole[page] |= bits;
        continue;
      }
      const values = (this.pages[page] ??= new Uint32Array(PAGE).fill(this.whole[page]));
      for (let i = start; i <= end; i++) values[i] |= bits;
    }
  }

  /**
   * @param {number} code
   * @returns {number}
   */
  get(code) {
    const page = this.pages[code >> PAGE_BITS];
    return page === null ? this.whole[code >> PAGE_BITS] : page[code & (PAGE - 1)];
  }
}

const NAMES = [
  "control",
  "bert_space",
  "space",
  "bert_punctuation",
  "punctuation",
  "cjk",
  "nonspacing",
  "mark",
  "letter",
  "number",
  "regex_space",
  "word",
  "added_word",
  "numeric",
  "nmt_remove",
  "nmt_space",
];

/** The bit of each set in `properties`. */
export const CONTROL = 1 << 0;
export const BERT_SPACE = 1 << 1;
export const SPACE = 1 << 2;
export const BERT_PUNCTUATION = 1 << 3;
export const PUNCTUATION = 1 << 4;
export const CJK = 1 << 5;
export const NONSPACING = 1 << 6;
export const MARK = 1 << 7;
export const LETTER = 1 << 8;
export const NUMBER = 1 << 9;
export const REGEX_SPACE = 1 << 10;
export const WORD = 1 << 11;
export const ADDED_WORD = 1 << 12;
export const NUMERIC = 1 << 13;
export const NMT_REMOVE = 1 << 14;
export const NMT_SPACE = 1 << 15;
/** Beside the sets: whether the maps have it, or its combining class is not 0. */
export const HAS_LOWER = 1 << 16;
export const HAS_NFD = 1 << 17;
export const HAS_NFKD = 1 << 18;
export const HAS_CLASS = 1 << 19;

/**
 * Walks entries `gap+extra` that each begin after the end of the one before; extra is 0 where it is left out.
 *
 * @param {string} entry
 * @param {number} previous the end of the entry before, -1 at first
 * @returns {[number, number]} first and last code point
 */
function range(entry, previous) {
  const [gap, extra] = entry.split("+");
  const first = previous + 1 + parseInt(gap, 36);
  return [first, first + (extra === undefined ? 0 : parseInt(extra, 36))];
}

/** All tables, read at the first use. */
class Tables {
  constructor() {
    this.properties = new PageTable();
    this.ccc = new PageTable();
    this.grapheme = new PageTable();
    /** @type {Map<number, number[]>} */
    this.lower = new Map();
    /** @type {Map<number, number[]>} */
    this.nfd = new Map();
    /** @type {Map<number, number[]>} */
    this.nfkd = new Map();
    /** @type {Map<number, number>} by first * 0x110000 + second */
    this.compose = new Map();
    for (const line of UNICODE_DATA.split("\n")) this.read(line.split(" "));
  }

  /** @param {string[]} words of a line */
  read([kind, name, ...entries]) {
    if (kind === "set") this.readSet(NAMES.indexOf(name), entries);
    if (kind === "map" && name === "compose") this.readCompositions(entries);
    else if (kind === "map") this.readMap(name, entries);
    if (kind === "class") this.readClass(name, entries);
  }

  /**
   * @param {number} place of the set's bit
   * @param {string[]} entries
   */
  readSet(place, entries) {
    let last = -1;
    for (const entry of entries) {
      const [first, end] = range(entry, last);
      this.properties.add(first, end, 1 << place);
      last = end;
    }
  }

  /**
   * @param {string} name
   * @param {string[]} entries
   */
  readMap(name, entries) {
    const [map, bit] = { lower: [this.lower, HAS_LOWER], nfd: [this.nfd, HAS_NFD], nfkd: [this.nfkd, HAS_NFKD] }[
      /** @type {"lower" | "nfd" | "nfkd"} */ (name)
    ];
    let code = -1;
    for (const entry of entries) {
      const [gap, targets] = entry.split(":");
      code += 1 + parseInt(gap, 36);
      /** @type {Map<number, number[]>} */ (map).set(
        code,
        targets.split(",").map((word) => parseInt(word, 36)),
      );
      this.properties.add(code, code, /** @type {number} */ (bit));
    }
  }

  /** @param {string[]} entries `gap:second,result`; a first code point again has the gap -1 */
  readCompositions(entries) {
    let first = -1;
    for (const entry of entries) {
      const [gap, pair] = entry.split(":");
      first += 1 + parseInt(gap, 36);
      const [second, result] = pair.split(",").map((word) => parseInt(word, 36));
      this.compose.set(first * 0x110000 + second, result);
    }
  }

  /**
   * @param {string} name
   * @param {string[]} entries
   */
  readClass(name, entries) {
    const table = name === "ccc" ? this.ccc : this.grapheme;
    let last = -1;
    for (const entry of entries) {
      const [codes, value] = entry.split(":");
      const [first, end] = range(codes, last);
      table.add(first, end, parseInt(value, 36));
      if (name === "ccc") this.properties.add(first, end, HAS_CLASS);
      last = end;
    }
  }
}

/** @type {Tables | undefined} */
let tables;

/** @returns {Tables} */
export function unicode() {
  return (tables ??= new Tables());
}

/**
 * The code point at a unit of a text, which must not be behind its end.
 *
 * @param {string} text
 * @param {number} [place]
 * @returns {number}
 */
export function codeAt(text, place = 0) {
  return /** @type {number} */ (text.codePointAt(place));
}

/**
 * The units of UTF-16 that a code point takes.
 *
 * @param {number} code
 * @returns {number}
 */
export function widthOf(code) {
  return code > 0xffff ? 2 : 1;
}

/**
 * The sets a code point is in, as bits.
 *
 * @param {number} code
 * @returns {number}
 */
export function properties(code) {
  return unicode().properties.get(code);
}

/**
 * Whether any code point of a text is in any of the sets.
 *
 * @param {string} text
 * @param {number} bits
 * @returns {boolean}
 */
export function hasAny(text, bits) {
  const table = unicode().properties;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdbff) code = codeAt(text, i++);
    if (table.get(code) & bits) return true;
  }
  return false;
}

/**
 * Lower case, a code point at a time.
 *
 * @param {string} text
 * @returns {string}
 */
export function lowerCase(text) {
  if (!hasAny(text, HAS_LOWER)) return text;
  const { lower } = unicode();
  let result = "";
  for (const character of text) {
    const target = lower.get(codeAt(character));
    result += target === undefined ? character : String.fromCodePoint(...target);
  }
  return result;
}

/**
 * Whether a string is Unicode: no half of a surrogate pair stands alone.
 *
 * @param {string} text
 * @returns {boolean}
 */
export function isWellFormed(text) {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if ((unit & 0xf800) !== 0xd800) continue;
    if (unit > 0xdbff || (text.charCodeAt(++i) & 0xfc00) !== 0xdc00) return false;
  }
  return true;
}

/** Beside Unicode's white space, Python's `str.strip` takes these for it. */
const PYTHON_SEPARATORS = /[\x1c-\x1f]/g;

/**
 * Whether nothing is left of a text without its white space, as Python sees it.
 *
 * @param {string} text
 * @returns {boolean}
 */
export function isBlank(text) {
  const table = unicode().properties;
  const rest = text.replace(PYTHON_SEPARATORS, " ");
  for (let i = 0; i < rest.length; i++) if (!(table.get(rest.charCodeAt(i)) & SPACE)) return false;
  return true;
}
